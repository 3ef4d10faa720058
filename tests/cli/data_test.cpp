#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "util/json.hpp"

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

BOOST_AUTO_TEST_CASE(an_image_folder_is_captioned_pictures) {
  const Program program;
  program.shell(
      "mkdir d; cd d; tar xf " + kSamples +
      "/captions/sample.tar; rm *.txt *.json\n"
      "for i in *.png; do echo '{\"file_name\": \"'$i'\", \"text\": \"a picture\"}'; done | head -n 2 > "
      "metadata.jsonl");
  const Outcome found = program.run("data check d --format csv");
  BOOST_TEST(found.code == 0);
  BOOST_TEST(has(found.out, "\nd,captions,1,2,2,"), found.out);
  // In the place of text it is broken, and so is what names a picture that is gone.
  BOOST_TEST(has(program.run("data check d --as text").out, "a picture; expected text alone"));
  program.shell("rm d/$(grep -o '[^\"]*png' d/metadata.jsonl | head -n 1)");
  const Outcome gone = program.run("data check d");
  BOOST_TEST(gone.code == 1);
  BOOST_TEST(has(gone.out, "1 broken by: missing-image"));
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

BOOST_AUTO_TEST_CASE(captions_that_are_cut_are_told) {
  const Program program;
  program.scratch.write("e.toml", "base = '" + kSamples + "/mixture.toml'\n");
  BOOST_TEST(!has(program.run("data show e.toml --count 1").out, " captions are longer than"));
  program.scratch.write("e.toml",
                        "base = '" + kSamples + "/mixture.toml'\n[data]\nmix = [1, 0, 0]\nseq_len = 9\n");
  BOOST_TEST(
      has(program.run("data show e.toml --count 1").out, " captions are longer than data.seq_len leaves: "));
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

namespace {

/// A sweep of small language models by their weights.
struct InitSweep : Program {
  InitSweep() {
    scratch.write("text/a.jsonl", "{\"text\": \"t\"}\n");
    shell("cp " + kSamples + "/tokenizer.model t.model");
    scratch.write("llm.toml", "stages = ['llm']\n[data]\ntext = ['text']\ntokenizer = 't.model'\n");
  }
  /// The number of jobs, and the warnings, of a plan with these weights.
  Json plan(const std::string& levels, const std::string& options = "--json") const {
    scratch.write("init.toml", "experiment = 'llm.toml'\nseeds = 1\n[[axis]]\nkey = 'llm.init'\nlevels = [" +
                                   levels + "]\n");
    const Outcome outcome = run("plan init.toml " + options);
    BOOST_TEST_REQUIRE(outcome.code == 0, outcome.err);
    return Json::parse(outcome.out);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(weights_named_by_an_index_count_with_its_shards) {
  const InitSweep program;
  for (const std::string name : {"base", "tuned"}) {
    program.scratch.write(name + "/model.safetensors.index.json",
                          "{\"weight_map\": {\"a\": \"m-1.safetensors\", \"b\": \"m-2.safetensors\"}}");
    program.scratch.write(name + "/m-1.safetensors", "the same");
    program.scratch.write(name + "/m-2.safetensors", name);
  }
  const std::string index = "/model.safetensors.index.json'";
  Json plan = program.plan("'base" + index + ", 'tuned" + index);
  BOOST_TEST(plan["counts"]["jobs"] == 2);
  BOOST_TEST(plan["warnings"].empty(), plan["warnings"].dump());
  // The folder holds the same model as the index in it.
  plan = program.plan("'base" + index + ", 'base', 'tuned" + index);
  BOOST_TEST(plan["counts"]["jobs"] == 2);
  for (const Json& source : plan["sources"])
    if (source["path"].get<std::string>().ends_with("tuned/model.safetensors.index.json"))
      BOOST_TEST(source["files"].size() == 3);
  const std::string text = program.run("plan init.toml").out;
  BOOST_TEST(has(text, "tuned/model.safetensors.index.json reads 3 files, "));
  BOOST_TEST(has(text, ": model.safetensors.index.json, m-1.safetensors, m-2.safetensors\n"));
  program.shell("rm tuned/m-2.safetensors");
  BOOST_TEST(program.plan("'base', 'tuned'")["missing_data"].size() == 1);
  BOOST_TEST(has(program.run("plan init.toml").out, "tuned, which needs "));
  const Outcome run = program.run("run init.toml --worker ./worker");
  BOOST_TEST(run.code == 2);
  BOOST_TEST(has(run.err, "tuned/m-2.safetensors"));
  BOOST_TEST(!program.exists("results"));
}

BOOST_AUTO_TEST_CASE(data_that_change_are_told_apart_from_the_file_that_names_them) {
  const InitSweep program;
  program.scratch.write("s.toml",
                        "experiment = 'llm.toml'\nseeds = 1\n[[axis]]\nkey = 'data.text'\n"
                        "levels = [['text/a.jsonl'], ['copy.jsonl', 'text']]\n");
  program.shell(
      "cat text/a.jsonl text/a.jsonl > copy.jsonl; sleep 2.1");  // So that the files' hashes are kept.
  BOOST_TEST_REQUIRE(program.run("plan s.toml --save").code == 0);
  BOOST_TEST(program.run("status s.toml").err == "");
  const std::string note =
      "copy.jsonl, which s.toml reads, has changed since it was planned, and shown is what it was then; "
      "`ablate plan s.toml --save` plans it as it is now\n";
  program.shell("touch s.toml; echo '{\"text\": \"u\"}' >> copy.jsonl");
  BOOST_TEST(has(program.run("status s.toml").err, note));
  BOOST_TEST(program.run("status s").err == "");
  program.shell("sleep 2.1; $ABLATE plan s.toml --save");
  BOOST_TEST(program.run("status s.toml").err == "");
  program.shell("sed s/u/v/ copy.jsonl > new; mv new copy.jsonl");  // As large as before.
  BOOST_TEST(has(program.run("table s.toml").err, note));
  program.shell("mv copy.jsonl new");
  BOOST_TEST(program.run("status s.toml").err == "");
  program.shell("mv new copy.jsonl; sleep 2.1; $ABLATE plan s.toml --save; cp text/a.jsonl text/z.jsonl");
  BOOST_TEST(has(program.run("status s.toml").err, "text, which s.toml reads, has changed since"));
  program.shell("rm text/z.jsonl; $ABLATE plan s.toml --save");
  // Touched data are read; where they are large, they are not.
  program.shell("touch copy.jsonl s.toml");
  BOOST_TEST(program.run("status s.toml").err == "");
  program.shell("truncate -s 17M text/a.jsonl; sleep 2.1; $ABLATE plan s.toml --save; touch text/a.jsonl");
  BOOST_TEST(
      has(program.run("status s.toml").err, "text/a.jsonl, which s.toml reads, may have changed since"));
  program.shell("sed -i \"s/'copy.jsonl', //\" s.toml");
  BOOST_TEST(has(program.run("status s.toml").err, "s.toml has changed since it was planned"));
}

BOOST_AUTO_TEST_CASE(a_list_names_each_shard_once) {
  const InitSweep program;
  program.shell("cp text/a.jsonl copy.jsonl; cp copy.jsonl copy.md");
  program.shell("mkdir more; echo '{\"text\": \"u\"}' > more/b.jsonl");
  const auto plan = [&](const std::string& key, const std::string& list) {
    program.scratch.write("s.toml",
                          "experiment = 'llm.toml'\nseeds = 1\n[override]\nstages = ['llm', 'eval']\n"
                          "eval.tasks = ['heldout-loss']\n" +
                              (key == "eval.text" ? "" : std::string("eval.text = ['more']\n")) + key +
                              " = [" + list + "]\n");
    return program.run("plan s.toml");
  };
  for (const std::string key : {"data.text", "eval.text"}) {
    const auto complaint = [&](const std::string& list) {
      const Outcome found = plan(key, list);
      BOOST_TEST(found.code == 2);
      return found.err;
    };
    BOOST_TEST(has(complaint("'more', 'copy.jsonl', 'more'"),
                   "'" + key + "' names more twice; expected each source once"));
    for (const std::string pair : {"text/a.jsonl", "copy.jsonl"})
      BOOST_TEST(
          has(complaint("'more', 'text', '" + pair + "'"),
              "'" + key + "' names text and " + pair + ", which hold the same shard; expected each once"));
    // The same bytes read in another way are other documents.
    const Outcome right = plan(key, "'more', 'text', 'copy.md'");
    BOOST_TEST(right.code == 0, right.err);
  }
}

BOOST_AUTO_TEST_CASE(data_that_were_written_right_before_they_were_planned_have_not_changed_since) {
  const InitSweep program;
  program.scratch.write("s.toml",
                        "experiment = 'llm.toml'\nseeds = 1\n[[axis]]\nkey = 'train.llm.peak_lr'\n"
                        "levels = [0.1, 0.2]\n");
  program.shell("sleep 2.1; $ABLATE plan s.toml --save");  // The first hash is kept, the second is not.
  program.shell("echo '{\"text\": \"u\"}' > text/a.jsonl; $ABLATE plan s.toml --save");
  BOOST_TEST(program.run("status s.toml").err == "");
  program.shell("touch s.toml llm.toml");
  BOOST_TEST(program.run("status s.toml").err == "");
  program.shell("echo '[train.llm]' >> llm.toml; echo 'warmup_steps = 7' >> llm.toml");
  BOOST_TEST(has(program.run("status s.toml").err,
                 "s.toml or llm.toml, which it names, has changed since it was planned"));
  program.shell("sleep 2.1; $ABLATE plan s.toml --save; sleep 2.1; sed -i s/7/8/ llm.toml");
  BOOST_TEST(has(program.run("status s.toml").err,
                 "note: llm.toml, which s.toml names, has changed since it was planned"));
}

BOOST_AUTO_TEST_CASE(data_that_held_what_lies_elsewhere_too_are_named_when_they_change) {
  const InitSweep program;
  program.scratch.write("s.toml",
                        "experiment = 'llm.toml'\nseeds = 1\n[[axis]]\nkey = 'data.text'\n"
                        "levels = [['text/a.jsonl'], ['y.jsonl'], ['z.jsonl']]\n");
  program.scratch.write("other.toml",
                        "experiment = 'llm.toml'\nseeds = 1\n[override]\ndata.text = ['a.jsonl']\n");
  program.shell(
      "cat text/a.jsonl text/a.jsonl > y.jsonl; cat y.jsonl text/a.jsonl > z.jsonl; cp z.jsonl a.jsonl");
  // Planned within a second of its file's last change, of which nobody can tell whether it came later.
  program.shell(
      "for i in 1 2 3 4 5 6 7 8 9; do rm -rf results; touch s.toml llm.toml; t=$(date +%s%N);"
      " $ABLATE plan s.toml --save; [ $(($(date +%s%N) - t)) -lt 1000000000 ] && break; done");
  BOOST_TEST_REQUIRE(program.shell("$ABLATE plan other.toml --save").code == 0);
  BOOST_TEST(program.run("table s.toml").err == "");
  program.shell("echo '{\"text\": \"u\"}' >> z.jsonl");
  const std::string note = program.run("table s.toml").err;
  BOOST_TEST(has(note, "note: z.jsonl, which s.toml reads, has changed since"), note);
}

BOOST_AUTO_TEST_CASE(of_the_files_that_a_sweep_is_made_of_those_that_are_newer_are_named) {
  const InitSweep program;
  program.scratch.write("top.toml", "base = 'middle.toml'\n");
  program.scratch.write("middle.toml", "base = 'llm.toml'\n");
  program.scratch.write("s.toml", "experiment = 'top.toml'\nseeds = 1\n");
  // All of them are written right before it is planned, and one afterwards.
  BOOST_TEST_REQUIRE(program.shell("sleep 0.1; $ABLATE plan s.toml --save; sleep 0.1").code == 0);
  program.shell("echo '[train.llm]' >> llm.toml; echo 'warmup_steps = 7' >> llm.toml");
  const auto note = [&] { return program.run("status s.toml").err; };
  BOOST_TEST(has(note(), "note: llm.toml, of which s.toml is made, has changed since it was planned"),
             note());
  program.shell("touch top.toml");
  BOOST_TEST(has(note(), "note: top.toml or llm.toml, of which s.toml is made, has changed since"), note());
  program.shell("touch s.toml");
  BOOST_TEST(has(note(), "note: s.toml or top.toml or llm.toml, of which it is made, has changed since"),
             note());
  // Planned anew, the others are older again.
  program.shell("$ABLATE plan s.toml --save; sleep 0.1; sed -i s/7/8/ llm.toml");
  BOOST_TEST(has(note(), "note: llm.toml, of which s.toml is made, has changed since"), note());
}

BOOST_AUTO_TEST_CASE(equal_bytes_that_are_read_in_another_way_are_other_jobs_with_paths_of_their_own) {
  const InitSweep program;
  program.shell("cp text/a.jsonl x.jsonl && cp x.jsonl y.jsonl && cp x.jsonl x.txt && cp x.jsonl y.md");
  program.scratch.write("s.toml",
                        "experiment = 'llm.toml'\nseeds = 1\n[[axis]]\nkey = 'data.text'\n"
                        "levels = [['x.jsonl'], ['y.jsonl'], ['x.txt'], ['y.md'], ['x.jsonl', 'x.txt']]\n");
  BOOST_TEST_REQUIRE(program.run("plan s.toml --save").code == 0);
  const Json plan = Json::parse(program.run("plan s.toml --json").out);
  BOOST_TEST(plan["counts"]["jobs"] == 3);
  const std::string paths =
      program.run("query 'SELECT path FROM data_source ORDER BY path' --format csv").out;
  BOOST_TEST(has(paths, "/t.model\n"));
  BOOST_TEST(has(paths, "/x.jsonl\n"));
  BOOST_TEST(has(paths, "/x.txt\n"));
  BOOST_TEST(!has(paths, "/y."));
}

BOOST_AUTO_TEST_CASE(links_count_by_what_they_lead_to) {
  const InitSweep program;
  program.shell(
      "mkdir -p blobs rev1 rev2 && echo 1 > blobs/a && echo 2 > blobs/b && "
      "ln -s ../blobs/a rev1/model.safetensors && ln -s ../blobs/b rev2/model.safetensors && ln -s rev1 "
      "main");
  Json plan = program.plan("'rev1', 'rev2'");
  BOOST_TEST(plan["counts"]["jobs"] == 2);
  BOOST_TEST(plan["warnings"].empty(), plan["warnings"].dump());
  BOOST_TEST(program.plan("'rev2', 'rev2/model.safetensors', 'main'")["counts"]["jobs"] == 2);
  const std::string before = program.plan("'main'")["jobs"][0]["key"];
  program.shell("rm main && ln -s rev2 main");
  BOOST_TEST(program.plan("'main'")["jobs"][0]["key"] != before);
  program.shell("ln -s nowhere gone");
  program.plan("'gone'");
  BOOST_TEST(has(program.run("plan init.toml").out, "gone, a link to nowhere"));
  // So does a linked shard, whose change makes other jobs.
  program.shell("mv text/a.jsonl blobs/c && ln -s ../blobs/c text/a.jsonl && ln -s . text/again");
  plan = program.plan("'rev1'");
  BOOST_TEST(has(plan["warnings"].dump(), "again is a link to a folder that it lies in: passed over"));
  program.shell("echo '{\"text\": \"other\"}' > blobs/c");
  BOOST_TEST(program.plan("'rev1'")["jobs"][0]["key"] != plan["jobs"][0]["key"]);
  const Outcome checked = program.run("data check text --as text");
  BOOST_TEST(checked.code == 0);
  BOOST_TEST(has(checked.out, "again is a link to a folder that it lies in: passed over"));
}

BOOST_AUTO_TEST_CASE(a_file_that_another_of_equal_size_and_time_replaces_makes_other_jobs) {
  const InitSweep program;
  program.shell("touch -d 2026-01-01 text/a.jsonl && sleep 2.1");
  program.scratch.write("one.toml", "experiment = 'llm.toml'\nseeds = 1\n");
  const auto key = [&] {
    program.run("plan one.toml --save");
    return Json::parse(program.run("plan one.toml --json").out)["jobs"][0]["key"].get<std::string>();
  };
  // Whether there is a database to remember hashes in changes nothing.
  const Json unsaved = Json::parse(program.run("plan one.toml --json").out)["jobs"][0]["key"];
  BOOST_TEST(!program.exists("results"));
  const std::string before = key();
  BOOST_TEST(unsaved == before);
  BOOST_TEST(program.run("query 'SELECT count(*) > 0 FROM data_hash' --format csv").out.ends_with("1\n"));
  program.shell("echo '{\"text\": \"u\"}' > new && touch -d 2026-01-01 new && mv new text/a.jsonl");
  BOOST_TEST(key() != before);
}

BOOST_AUTO_TEST_CASE(the_pictures_beside_lines_of_records_count) {
  const Program program;
  program.shell("mkdir p && echo 1 > p/1.jpg && cp " + kSamples + "/tokenizer.model t.model");
  program.scratch.write("a.jsonl", "{\"image\": \"p/1.jpg\", \"caption\": \"c\"}\n");
  program.scratch.write("e.toml",
                        "stages = ['encoder']\n[data]\nencoder = ['a.jsonl']\ntokenizer = 't.model'\n");
  program.scratch.write("s.toml", "experiment = 'e.toml'\nseeds = 1\n");
  const auto key = [&] {
    const Outcome outcome = program.run("plan s.toml --json");
    BOOST_TEST_REQUIRE(outcome.code == 0, outcome.err);
    return Json::parse(outcome.out)["jobs"][0]["key"].get<std::string>();
  };
  const std::string one = key();
  BOOST_TEST(key() == one);
  program.shell("echo 2 > p/1.jpg");
  BOOST_TEST(key() != one);
  program.shell("echo 1 > p/1.jpg && echo 3 > p/unnamed.jpg");
  BOOST_TEST(key() == one);
  program.shell("rm p/1.jpg");
  BOOST_TEST(key() != one);
}

BOOST_AUTO_TEST_SUITE_END()
