// The sweep "tiny" after it has run, and evaluations that have kept what became of each of two examples.
#pragma once

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/program.hpp"
#include "journal/attempt_folder.hpp"
#include "journal/outcomes.hpp"
#include "store/query.hpp"
#include "util/file.hpp"
#include "util/hash.hpp"

namespace ablate {

/// Cell 0 is resolution 4 and width 8, cell 1 width 16, cell 2 resolution 8 and width 8.
struct RanTiny : Program {
  RanTiny() { BOOST_REQUIRE(run_tiny("--quiet").code == 0); }

  std::filesystem::path db() const { return scratch.path / "results/ablate.db"; }
  /// Leaves the outcomes of two questions, as an evaluation of that cell and seed does.
  std::filesystem::path keep(int cell, int seed, std::vector<float> values,
                             std::vector<std::uint64_t> questions = {7, 3}) const {
    const ExampleOutcomes outcomes{.score = "accuracy",
                                   .questions = std::move(questions),
                                   .values = values,
                                   .names = {"a.tar: 1", "a.tar: 2"}};
    const std::string bytes = encode_outcomes({&outcomes, 1});
    Database database(db(), Database::Mode::read_write);
    std::int64_t job = 0;
    std::string folder;
    {
      Query query(
          database,
          "SELECT a.job_id, a.folder FROM replicate r JOIN json_each(r.jobs) e JOIN job j ON j.id = e.value"
          " JOIN attempt a ON a.job_id = j.id WHERE r.cell = ? AND r.seed = ? AND j.stage = 'eval'",
          cell, seed);
      BOOST_REQUIRE(query.step());
      job = query.integer(0);
      folder = query.text(1);
    }
    const auto file = AttemptFolder{database.folder() / folder}.outcomes();
    write_file(file, bytes);
    Query(database, "UPDATE score_value SET value = ?, n = 2, outcomes = ? WHERE job_id = ?",
          (double{values[0]} + double{values[1]}) / 2, hash128(bytes).hex(), job)
        .run();
    return file;
  }
};

}  // namespace ablate
