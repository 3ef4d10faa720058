#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"

BOOST_AUTO_TEST_SUITE(data_commands)

using namespace ablate;

namespace {

const std::string kSamples = std::string(ABLATE_SOURCE_DIR) + "/tests/data/samples";

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(show_prints_documents_and_writes_a_page) {
  const Program program;
  const Outcome shown = program.run("data show " + kSamples + "/captions --count 2 --page p/q.html");
  BOOST_TEST(shown.code == 0);
  BOOST_TEST(has(shown.out, "as captions, 2 of its documents"));
  BOOST_TEST(has(shown.out, "[picture 224 x 224]"));
  const std::string page = program.read("p/q.html");
  BOOST_TEST(has(page, "<img alt=\"picture\" src=\"data:image/png;base64,iVBOR"));
  BOOST_TEST(has(page, "</html>"));
}

BOOST_AUTO_TEST_CASE(show_tells_pieces_places_and_what_is_to_be_predicted) {
  const Program program;
  const Outcome shown =
      program.run("data show " + kSamples + "/evaluation --count 1 --image-tokens 9 --tokenizer " + kSamples +
                  "/tokenizer.model");
  BOOST_TEST(shown.code == 0);
  BOOST_TEST(
      has(shown.out, "<image> [picture 224 x 224, 9 tokens] </image> (\u2581"));  // A question, in brackets.
  BOOST_TEST(has(shown.out, "</s>"));
}

BOOST_AUTO_TEST_CASE(show_packs_the_mixture_of_a_recipe) {
  const Program program;
  const Outcome shown = program.run("data show " + kSamples + "/mixture.toml --count 3");
  BOOST_TEST(shown.code == 0);
  BOOST_TEST(has(shown.out, "sequences of 256 positions, pictures of 56 x 56 as 4 tokens each"));
  BOOST_TEST(has(shown.out, "captions     44.9 % of sequences"));
  BOOST_TEST(has(shown.out, "sequence 2: "));
  BOOST_TEST(!has(shown.out, "sequence 3: "));
  BOOST_TEST(has(program.read("results/data.html"), "class=bar"));
  BOOST_TEST(program.run("data show " + kSamples + "/mixture.toml --count 3").out == shown.out);
  BOOST_TEST(program.run("data show " + kSamples + "/mixture.toml --count 3 --seed 1").out != shown.out);
}

BOOST_AUTO_TEST_CASE(what_documents_say_does_not_become_markup_or_escape_codes) {
  const Program program;
  program.scratch.write("evil.jsonl", R"({"text": "<script>alert(1)</script> & \u001b[31m \"q\""})"
                                      "\n");
  const Outcome shown = program.run("data show evil.jsonl --page p.html");
  BOOST_TEST(shown.code == 0);
  BOOST_TEST(!has(shown.out, "\x1b"));
  const std::string page = program.read("p.html");
  BOOST_TEST(!has(page, "<script"));
  BOOST_TEST(!has(page, "\x1b"));
  BOOST_TEST(has(page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; "));
}

BOOST_AUTO_TEST_CASE(check_counts_and_names_what_is_broken) {
  const Program program;
  const Outcome whole =
      program.run("data check " + kSamples + "/captions " + kSamples + "/text --format csv");
  BOOST_TEST(whole.code == 0);
  BOOST_TEST(has(whole.out, ",captions,1,24,24,"));
  program.scratch.write("a.jsonl", "{\"text\": \"fine\"}\n{\"text\": }\n{\"text\": \"  \"}\n");
  const Outcome broken = program.run("data check a.jsonl");
  BOOST_TEST(broken.code == 1);
  BOOST_TEST(has(broken.out, "1 broken by: json"));
  BOOST_TEST(has(broken.out, "1 broken by: text"));
  BOOST_TEST(has(broken.out, "a.jsonl"));
}

BOOST_AUTO_TEST_CASE(a_tokenizer_is_trained_and_used) {
  const Program program;
  const Outcome trained =
      program.run("data tokenizer " + kSamples + "/text --vocab-size 400 --output t/own.model");
  BOOST_TEST(trained.code == 0);
  BOOST_TEST(has(trained.out, "t/own.model: 400 pieces"));
  BOOST_TEST(has(trained.out, "llm.vocab_size = 400"));
  BOOST_TEST(program.run("data show " + kSamples + "/text --count 1 --tokenizer t/own.model").code == 0);
  const std::string model = program.read("t/own.model");
  program.run("data tokenizer " + kSamples + "/text --vocab-size 400 --output t/again.model");
  BOOST_TEST((program.read("t/again.model") == model));
}

BOOST_AUTO_TEST_CASE(wrong_input_is_told_and_nothing_is_written) {
  const Program program;
  program.scratch.write("empty/readme.pdf", "x");
  program.scratch.write("a.jsonl", "{\"text\": \"fine\"}\n");
  program.scratch.write("no.toml", "[data]\nseq_lne = 3\n");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"data show absent.tar", "absent.tar"},
      {"data show empty", "empty"},
      {"data show a.jsonl --as captions", "not one document that can be read"},
      {"data show a.jsonl --as caption", "did you mean 'captions'?"},
      {"data show a.jsonl --tokenizer a.jsonl", "no SentencePiece model"},
      {"data show no.toml", "did you mean 'seq_len'?"},
      {"data show a.jsonl --count 0", "--count is '0'; expected an integer of at least 1"},
      {"data show", "needs SOURCE"},
      {"data shwo a.jsonl", "did you mean 'data show'?"},
      {"data tokenizer a.jsonl", "8192 pieces cannot be made from this text"},
  };
  for (const auto& [command, message] : cases) {
    BOOST_TEST_CONTEXT(command) {
      const Outcome outcome = program.run(command);
      BOOST_TEST(outcome.code == 2);
      BOOST_TEST(has(outcome.err, message));
      BOOST_TEST_MESSAGE(outcome.err);
    }
  }
  BOOST_TEST(!program.exists("results"));
}

BOOST_AUTO_TEST_CASE(the_family_has_help_of_its_own) {
  const Program program;
  const Outcome family = program.run("data");
  BOOST_TEST(family.code == 0);
  BOOST_TEST(has(family.out, "data tokenizer"));
  BOOST_TEST(program.run("help data").out == family.out);
  BOOST_TEST(program.run("help data show").out == program.run("data show --help").out);
  BOOST_TEST(has(program.run("explain scenes.grid").out, "scenes.grid"));
}

BOOST_AUTO_TEST_CASE(a_scenes_file_counts_with_its_bank) {
  const Program program;
  program.shell("cp -r " + kSamples + " samples && chmod -R u+w samples");
  std::string recipe = program.read("samples/mixture.toml");
  recipe.replace(recipe.find("captions = [\"captions\"]"), 23, "captions = [\"scenes.toml\"]");
  program.scratch.write("samples/mixture.toml", recipe);
  program.scratch.write(
      "sweep.toml",
      "experiment = \"samples/mixture.toml\"\nseeds = 1\n[[axis]]\nkey = \"data.seq_len\"\nlevels = [128]\n");
  const auto key = [&] {
    program.shell("rm -rf results");
    BOOST_TEST_REQUIRE(program.run("plan sweep.toml --save").code == 0);
    return program.run("query 'SELECT key FROM jobs' --format csv").out;
  };
  const std::string before = key();
  BOOST_TEST(key() == before);
  program.shell("cp samples/captions/sample.tar samples/bank/more.tar");
  BOOST_TEST(key() != before);
}

BOOST_AUTO_TEST_SUITE_END()
