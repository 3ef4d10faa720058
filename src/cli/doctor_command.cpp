// `ablate doctor`: is everything well, and if not, what to do.
#include "cli/common.hpp"
#include "program/health.hpp"
#include "report/bar.hpp"
#include "report/output.hpp"
#include "report/wrap.hpp"
#include "store/migrations.hpp"

namespace ablate {

namespace {

std::string finding_text(const Finding& finding, const Terminal& terminal) {
  constexpr std::size_t kIndent = 17;
  std::string word = "ok   ";
  if (finding.verdict == Verdict::note) word = paint("note ", Style::yellow, terminal);
  if (finding.verdict == Verdict::fault) word = paint("FAULT", Style::red, terminal);
  std::string text = fmt::format("{}  {:<10}{}\n", word, finding.subject, wrap(finding.text, kIndent));
  if (!finding.fix.empty())
    text += fmt::format("{:{}}fix: {}\n", "", kIndent, wrap(finding.fix, kIndent + 5));
  return text;
}

int run_doctor(const Arguments& arguments) {
  const Terminal terminal = terminal_of(1);
  bool well = true;
  const auto show = [&](const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) {
      well = well && finding.verdict != Verdict::fault;
      write_out(finding_text(finding, terminal));
    }
  };
  show(check_disk(arguments.database()));
  show(check_machine(arguments.find_text("--worker")));
  if (has_database(arguments)) {
    LiveLines lines(terminal_of(2), write_err);
    lines.show(std::vector<std::string>{"reading the whole database ..."});
    std::vector<Finding> findings;
    try {
      Database database = open_for_reading(arguments);
      findings = check_database(database);
      for (Finding& finding : check_attempts(database)) findings.push_back(std::move(finding));
    } catch (const VersionError& error) {
      findings.push_back({Verdict::fault, "database", error.found, error.remedy});
    } catch (const Error& error) {
      findings.push_back({Verdict::fault, "database", error.what(), "use another database: --db PATH"});
    }
    lines.clear();
    show(findings);
  } else {
    show({{Verdict::note, "database", arguments.database().string() + " does not exist yet",
           "`ablate run SWEEP` makes it"}});
  }
  write_out(well ? "all well\n" : "something has to be mended\n");
  return well ? ExitCode::done : ExitCode::jobs_failed;
}

}  // namespace

CommandSpec doctor_command() {
  return {
      .name = "doctor",
      .group = Group::health,
      .summary = "Checks the database, the disk, the worker and the GPUs",
      .description = "Nothing is changed. Each fault comes with its fix. Exit code 1 when there is a fault.",
      .example = "ablate doctor",
      .options = {value("--worker", ValueType::file, "PATH",
                        "program that trains [ablate-worker beside ablate, else in $PATH]"),
                  db_option()},
      .run = run_doctor};
}

}  // namespace ablate
