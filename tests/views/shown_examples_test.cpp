// What examples show and ask, from the data of a sweep that was evaluated.
#include "views/shown_examples.hpp"

#include <boost/test/unit_test.hpp>

#include "data/image.hpp"
#include "data/tar_file.hpp"
#include "journal/attempt_folder.hpp"
#include "journal/outcomes.hpp"
#include "scratch.hpp"
#include "store/jobs.hpp"
#include "store/query.hpp"
#include "util/file.hpp"
#include "util/hash.hpp"
#include "views/compare_page.hpp"

BOOST_AUTO_TEST_SUITE(shown_examples)

using namespace ablate;

namespace {

std::string striped_png(std::int64_t width, std::int64_t height) {
  Image image{width, height, {}};
  for (std::int64_t i = 0; i < 3 * width * height; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(i % 17 * 15));
  return encode_png(image);
}

/// Two cells under two seeds, evaluated on what one key names.
struct Evaluated : Scratch {
  void plan(EvalTask task, const std::string& key, const std::filesystem::path& source,
            const std::string& hash) {
    Plan plan;
    plan.sweep = "mine";
    plan.axes = {{"kind", {"a", "b"}}};
    plan.cells = {{{0}, ""}, {{1}, ""}};
    plan.seeds = {0, 1};
    plan.sources = {{hash, source.string()}};
    const std::string json = fmt::format(R"({{"{}":["{}"]}})", key, hash);
    plan.parts = {{"eval", json, hash128(json)}};
    for (std::uint32_t replicate = 0; replicate < 4; ++replicate) {
      PlannedJob job;
      job.key = hash128(fmt::format("job {}", replicate));
      job.stage = Stage::eval;
      job.task = to_name(task);
      job.seed = replicate / 2;
      job.parts = {0};
      plan.jobs.push_back(job);
      plan.replicate_jobs.push_back(replicate);
      plan.replicate_begin.push_back(replicate + 1);
    }
    save_plan(database, plan, path / "mine.toml", Json::object(), 100);
    sweep = get_sweep(database, "mine");
  }

  /// Of cell a all examples are missed, and of cell b hit: the first under all seeds, others under one.
  void score(const std::string& name, const std::vector<std::string>& names, std::size_t questions = 2) {
    const std::int64_t invocation =
        begin_invocation(database, {{"ablate", "run"}, "/", "host", "user", "1", "r"}, 1);
    for (std::int64_t id = 1; id <= 4; ++id) {
      const auto attempt = begin_attempt(
          database, get_job(database, fmt::format("{:.8}", hash128(fmt::format("job {}", id - 1)).hex())),
          invocation, {}, 1000);
      BOOST_REQUIRE(attempt);
      ExampleOutcomes outcomes{.score = name, .questions = {}, .values = {}, .weights = {}, .names = names};
      double sum = 0;
      for (std::size_t i = 0; i < questions; ++i) {
        const bool hit = id % 2 == 0 && (i == 0 || id == 2);
        outcomes.questions.push_back(i);
        outcomes.values.push_back(hit);
        sum += hit;
      }
      const std::string bytes = encode_outcomes({&outcomes, 1});
      write_file(AttemptFolder{database.folder() / attempt->folder}.outcomes(), bytes);
      Query(database,
            "INSERT INTO score_value (job_id, name, value, n, attempt, outcomes) VALUES (?, ?, ?, ?, 1, ?)",
            id, name, sum / static_cast<double>(questions), static_cast<std::int64_t>(questions),
            hash128(bytes).hex())
          .run();
      Query(database, "UPDATE job SET state = 'finished' WHERE id = ?", id).run();
    }
  }

  std::vector<ShownExamples> show(std::size_t most = 5) {
    return show_examples(database, sweep, compare_cells(database, sweep, "0", "1", most), most);
  }

  Database database{path / "results" / "ablate.db", Database::Mode::read_write};
  SweepRecord sweep;
};

struct Captioned : Evaluated {
  explicit Captioned(const std::vector<std::string>& names = {"a.tar: cat", "a.tar: dog"}) {
    tar = tar_member("cat.png", striped_png(300, 100)) + tar_member("cat.txt", "A <b>cat</b> & co") +
          tar_member("dog.png", striped_png(40, 30)) + tar_member("dog.txt", "A dog");
    file = write("a.tar", tar + tar_end());
    plan(EvalTask::caption, "captions", file, hash128(tar + tar_end()).hex());
    score("caption/0-shot", names);
  }
  std::string tar;
  std::filesystem::path file;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(pictures_texts_and_scores_of_the_records_are_shown) {
  Captioned evaluated;
  const std::vector<ShownExamples> shown = evaluated.show();
  BOOST_TEST_REQUIRE(shown.size() == 1u);
  BOOST_TEST(shown[0].score == "caption/0-shot");
  BOOST_TEST(shown[0].why_not == "");
  BOOST_TEST_REQUIRE(shown[0].examples.size() == 2u);
  const ShownExample& cat = shown[0].examples[0];
  BOOST_TEST(cat.name == "a.tar: cat");
  BOOST_TEST(cat.a == 0);
  BOOST_TEST(cat.b == 1);
  BOOST_TEST(has(cat.html, "<img alt=\"picture\" src=\"data:image/png;base64,iVBOR"), cat.html);
  BOOST_TEST(has(cat.html, "224 x 75"), cat.html);
  BOOST_TEST(has(cat.html, "A &lt;b&gt;cat&lt;/b&gt; &amp; co"), cat.html);
  BOOST_TEST(has(cat.html, "A <b>0</b>, B <b>1</b>, means over 2 seeds"), cat.html);
  const ShownExample& dog = shown[0].examples[1];
  BOOST_TEST(has(dog.html, "40 x 30"));
  BOOST_TEST(has(dog.html, "A dog"));
  BOOST_TEST(has(dog.html, "B <b>0.5</b>"));
  BOOST_TEST(evaluated.show(1)[0].examples.size() == 1u);
  const std::string page =
      comparison_page(compare_cells(evaluated.database, evaluated.sweep, "0", "1", 5), shown);
  BOOST_TEST(has(page, "<h2>Examples on which caption/0-shot differs most</h2>"));
  BOOST_TEST(has(page, cat.html));
  BOOST_TEST(!has(page, "<b>cat</b>"));
}

BOOST_AUTO_TEST_CASE(data_that_have_changed_or_are_gone_are_not_shown) {
  Captioned evaluated;
  const auto reason = [&] {
    const std::vector<ShownExamples> shown = evaluated.show();
    BOOST_TEST_REQUIRE(shown.size() == 1u);
    BOOST_TEST_REQUIRE(shown[0].examples.size() == 2u);
    BOOST_TEST(!has(shown[0].examples[0].html, "<img"));
    BOOST_TEST(has(shown[0].examples[0].html, "a.tar: cat"));
    BOOST_TEST(has(shown[0].examples[0].html, "B <b>1</b>"));
    return shown[0].why_not;
  };
  evaluated.write("a.tar", tar_member("cat.txt", "Another") + evaluated.tar + tar_end());
  BOOST_TEST(has(reason(), "a.tar was changed, or touched, since it was evaluated"));
  std::filesystem::remove(evaluated.file);
  BOOST_TEST(has(reason(), "a.tar is gone"));
  Query(evaluated.database, "DELETE FROM data_source").run();
  BOOST_TEST(reason() == "the database does not say where the data were that were evaluated");
}

BOOST_AUTO_TEST_CASE(names_that_are_missing_or_doubtful_show_no_record) {
  Captioned unnamed(std::vector<std::string>{});
  const ShownExamples without = unnamed.show()[0];
  BOOST_TEST(without.why_not == "the evaluation kept no names of records");
  BOOST_TEST(without.examples[0].name == "0000000000000000");
  BOOST_TEST(has(without.examples[0].html, "B <b>1</b>"));
  Captioned lost({"a.tar: cow", "b.tar: cat"});
  BOOST_TEST(has(lost.show()[0].examples[0].html, "not found among the first 100,000 records"));
  BOOST_TEST(has(lost.show()[0].examples[1].html, "not found among the first 100,000 records"));

  Evaluated twice;
  const std::string cat = tar_member("cat.png", striped_png(8, 8)) + tar_member("cat.txt", "A cat");
  const std::string tar = cat + tar_member("dog.txt", "x") + cat + tar_end();
  twice.plan(EvalTask::caption, "captions", twice.write("a.tar", tar), hash128(tar).hex());
  twice.score("caption/0-shot", {"a.tar: cat"}, 1);
  BOOST_TEST(has(twice.show()[0].examples[0].html, "2 records have this name"));
}

BOOST_AUTO_TEST_CASE(questions_have_their_choices_and_all_that_is_right) {
  Evaluated evaluated;
  const std::string png = striped_png(20, 500);
  evaluated.write("a.png", png);
  const std::string lines =
      "{\"image\": \"a.png\", \"question\": \"How many?\", \"answers\": [\"two\", \"two\", \"2\"], "
      "\"choices\": [\"two\", \"three\"]}\n";
  const auto file = evaluated.write("q.jsonl", lines);
  evaluated.plan(EvalTask::vqa, "questions", file, hash128(hash128(lines).hex() + hash128(png).hex()).hex());
  evaluated.score("vqa/0-shot", {"q.jsonl: byte 0"}, 1);
  const ShownExamples shown = evaluated.show()[0];
  BOOST_TEST(shown.why_not == "");
  const std::string& html = shown.examples[0].html;
  BOOST_TEST(has(html, "9 x 224"), html);
  BOOST_TEST(has(html, "<span class=c>How many?"), html);
  BOOST_TEST(has(html, "<span class=t>two"), html);
  BOOST_TEST(has(html, "choices: two | three"), html);
  BOOST_TEST(has(html, "right: two | two | 2"), html);
  // Another picture under the same name is other data.
  evaluated.write("a.png", striped_png(20, 400));
  BOOST_TEST(has(evaluated.show()[0].why_not, "q.jsonl was changed, or touched, since it was evaluated"));
}

BOOST_AUTO_TEST_CASE(scenes_are_drawn_and_long_records_abridged) {
  Evaluated evaluated;
  const std::filesystem::path bank = ABLATE_SOURCE_DIR "/tests/data/samples/bank";
  const auto file = evaluated.write(
      "s.toml",
      fmt::format("[scenes]\nbank = [\"{}\"]\ndocuments = 20\nways = 4\nshots = [3, 3]\n", bank.string()));
  std::string content;
  for (const std::filesystem::path& path :
       {file, bank / "sample-images-idx3-ubyte.gz", bank / "sample-labels-idx1-ubyte.gz"})
    content += hash_file(path).hex();
  evaluated.plan(EvalTask::fewshot, "episodes", file, hash128(content).hex());
  evaluated.score("fewshot/12-shot", {"s.toml: 7"}, 1);
  const ShownExamples shown = evaluated.show()[0];
  BOOST_TEST(shown.why_not == "");
  const std::string& html = shown.examples[0].html;
  std::size_t pictures = 0;
  for (std::size_t at = 0; (at = html.find("<img", at)) != html.npos; ++at) ++pictures;
  BOOST_TEST(pictures == 8u);  // Of 13.
  BOOST_TEST(has(html, "[a picture that is not shown]"));
  BOOST_TEST(has(html, "This is "));
}

BOOST_AUTO_TEST_SUITE_END()
