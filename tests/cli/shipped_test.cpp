// Every sweep that ships can be planned, and says the same each time.
#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "util/json.hpp"

using namespace ablate;

BOOST_AUTO_TEST_SUITE(shipped)

BOOST_AUTO_TEST_CASE(every_shipped_sweep_is_planned) {
  const Program program;
  std::size_t planned = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ABLATE_SOURCE_DIR "/sweeps")) {
    if (entry.path().extension() != ".toml") continue;
    BOOST_TEST_CONTEXT(entry.path()) {
      const Outcome plan = program.run("plan --json '" + entry.path().string() + "'");
      BOOST_TEST(plan.code == 0);
      BOOST_TEST(plan.err == "");
      BOOST_TEST(Json::parse(plan.out).at("jobs").size() > 0u);
      ++planned;
    }
  }
  BOOST_TEST(planned >= 2u);
}

// MM1's mixtures of experts: 64 in every 2nd block are 64B parameters, 32 in every 4th 47B. Their llm stage
// is that of a dense decoder.
BOOST_AUTO_TEST_CASE(mm1s_mixtures_of_experts_have_its_parameters) {
  const Program program;
  const std::pair<std::string, double> models[] = {{"mm1-3b", 64e9}, {"mm1-7b", 47e9}};
  for (const auto& [name, expected] : models) {
    const auto plan = [&, name = name](const std::string& file) {
      program.scratch.write("moe.toml",
                            "experiment = '" ABLATE_SOURCE_DIR "/experiments/" + file + ".toml'\n");
      return Json::parse(program.run("plan --json moe.toml").out).at("jobs");
    };
    Json dense;
    for (const Json& job : plan(name))
      if (job.at("stage") == "llm") dense = job;
    for (const Json& job : plan(name + "-moe")) {
      if (job.at("stage") == "vlm")
        BOOST_TEST(job.at("params").get<double>() == expected, boost::test_tools::tolerance(0.03));
      if (job.at("stage") == "llm" && name == "mm1-3b") BOOST_TEST(job.at("key") == dense.at("key"));
    }
  }
}

// 9 sequences of 10 have pictures, of 20 visual tokens without an encoder (4 x 4 patches, with the ends of
// rows) or of 4 at least: 0.9 * 192 / 84 to 0.9 * 192 / 68.
BOOST_AUTO_TEST_CASE(a_plan_says_what_flops_assume_of_the_data) {
  const Program program;
  const std::string sweep = " '" ABLATE_SOURCE_DIR "/sweeps/quickstart.toml'";
  const std::string text = program.run("plan" + sweep).out;
  BOOST_TEST(text.find("FLOPs:  those of vlm assume 2.06 to 2.54 pictures a sequence, with 64 tokens of\n"
                       "        text each; the journal has what ran; those of eval are at their largest:\n"
                       "        200 to 600 examples of full length a job, however few there are\n") !=
             std::string::npos);
  const Json plan = Json::parse(program.run("plan --json" + sweep).out);
  for (const Json& job : plan.at("jobs"))
    BOOST_TEST((job.at("images_per_sequence") > 0) == (job.at("stage") == "vlm"));
  for (const Json& job : plan.at("jobs"))
    BOOST_TEST(job.at("most_examples") == (job.at("stage") != "eval"          ? 0
                                           : job.at("task") == "heldout-loss" ? 600
                                                                              : 200));
  BOOST_TEST(line_with(program.run("plan tiny.toml").out, "FLOPs: ") == "");
}

BOOST_AUTO_TEST_SUITE_END()
