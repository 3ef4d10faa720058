// `ablate serve`: sweeps as live pages for a browser on this machine.
#include <chrono>

#include "cli/common.hpp"
#include "report/html.hpp"
#include "report/output.hpp"
#include "report/page_server.hpp"
#include "schedule/stop_signals.hpp"
#include "util/text.hpp"
#include "views/status_view.hpp"
#include "views/sweep_report.hpp"

namespace ablate {

namespace {

/// The pages of one database. A page is made anew where the database has changed since, but never so often
/// that making it takes more than a part of the time.
class LivePages {
 public:
  LivePages(Database& database, std::string token) : database_(database), token_(std::move(token)) {}

  PageAnswer answer(const PageRequest& request) {
    const std::string name = request.find("sweep");
    if (request.path == "/" && name.empty()) return {.body = list()};
    if (request.path != "/" && request.path != "/update") return nothing_there("there is no such page");
    try {
      get_sweep(database_, name);
    } catch (const Error& unknown) {
      return nothing_there(unknown.what());
    }
    if (request.path == "/") {
      return {.body = report_page(report(name),
                                  fmt::format("update?token={}&sweep={}", token_, in_address(name)))};
    }
    const SweepReport& now = report(name);
    if (report_version(now) == request.find("seen")) return {.status = 204, .body = ""};
    return {.type = "application/json",
            .body = report_update(now).dump(-1, ' ', false, Json::error_handler_t::replace)};
  }

  /// "connector" as it stands in an address.
  static std::string in_address(const std::string& text) {
    std::string coded;
    for (const char c : text)
      coded += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'
                   ? std::string(1, c)
                   : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    return coded;
  }

 private:
  static PageAnswer nothing_there(const std::string& why) {
    return {.status = 404, .type = "text/plain; charset=utf-8", .body = why + "\n"};
  }

  using Clock = std::chrono::steady_clock;
  struct Made {
    SweepReport report;
    std::int64_t database_version = 0;
    Clock::time_point at;
    Clock::duration took{};
  };
  static constexpr int kLeastRest = 4;  // Of the time that making a page took.

  const SweepReport& report(const std::string& name) {
    const std::int64_t version = database_.data_version();
    const Clock::time_point now = Clock::now();
    const auto found = made_.find(name);
    if (found != made_.end() && (found->second.database_version == version ||
                                 now - found->second.at < kLeastRest * found->second.took))
      return found->second.report;
    SweepReport fresh = sweep_report(database_, get_sweep(database_, name), {.examples = false});
    const Clock::time_point end = Clock::now();
    return (made_[name] = {std::move(fresh), version, end, end - now}).report;
  }

  std::string list() {
    const Status status = load_status(database_, std::nullopt);
    std::string body = "<ul>\n";
    const Terminal plain;
    for (const SweepStatus& entry : status.sweeps)
      body += fmt::format("<li><a href=\"/?token={}&amp;sweep={}\">{}</a></li>\n", token_,
                          in_address(entry.sweep.name), escape_html(sweep_line(entry, plain)));
    return html_page("Sweeps", "", body + "</ul>\n");
  }

  Database& database_;
  std::string token_;
  std::map<std::string, Made> made_;
};

int run_serve(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  const auto name = arguments.find_text("SWEEP");
  std::string query;
  if (name) query = "&sweep=" + LivePages::in_address(get_sweep(database, *name).name);
  constexpr std::int64_t kMostPort = 65535;
  const std::int64_t port = arguments.find_integer("--port").value_or(0);
  if (port > kMostPort) throw Error(fmt::format("--port is '{}'; expected at most {}", port, kMostPort));
  PageServer server(static_cast<std::uint16_t>(port));
  const StopSignals signals;
  print("{}{}\nfor browsers on this machine, until Ctrl-C\n", server.address(), query);
  LivePages pages(database, server.token());
  server.serve([&](const PageRequest& request) { return pages.answer(request); },
               [&] { return signals.requests() > 0; });
  return ExitCode::done;
}

}  // namespace

CommandSpec serve_command() {
  return {
      .name = "serve",
      .group = Group::results,
      .summary = "Shows sweeps as live pages in a browser",
      .description =
          "The page that `ablate report` writes, with progress and queue, brought up to date while a sweep "
          "runs. "
          "It answers on 127.0.0.1 alone, to those who have the token in the address that it prints, and "
          "only "
          "reads. From another machine: `ssh -L PORT:127.0.0.1:PORT HOST`, with a --port.",
      .example = "ablate serve connector --port 8000",
      .options = {optional_positional("SWEEP", ValueType::sweep,
                                      "one sweep, by name or file; else a list of all"),
                  value("--port", ValueType::integer, "N", "the port; 0: any that is free [0]"), db_option()},
      .run = run_serve};
}

}  // namespace ablate
