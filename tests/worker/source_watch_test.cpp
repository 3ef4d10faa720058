#include "worker/source_watch.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <thread>

#include "data/input_files.hpp"
#include "data/shard.hpp"
#include "journal/data_promise.hpp"
#include "worker/fixture.hpp"
#include "worker/stage.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

/// A job of some sources, with what they hold promised to it.
struct WatchedJob : Scratch {
  WatchedJob() { job.file = path / "job.json"; }

  void promise(const std::string& key, const fs::path& source) {
    const std::string section = key.substr(0, key.find('.')), leaf = key.substr(key.find('.') + 1);
    const InputFiles list = list_input_files(source, find_field(key)->source, [](const InputFile& lines) {
      return read_picture_names(lines.path);
    });
    InputContent content{{}, list.names_count, list.format};
    for (const InputFile& file : list.files)
      content.files.push_back({file.name, file.is_picture, read_content(file.path)});
    const std::string hash = content.hash();
    write_promise(path / "promises" / hash, content);
    spec.sources[hash] = source;
    spec.promises[hash] = path / "promises" / hash;
    if (std::holds_alternative<std::string*>(find_field(key)->member(shape)))
      job.config[section][leaf] = hash;
    else
      job.config[section][leaf].push_back(hash);
  }

  /// The message of the failure, with the scratch folder as DIR; "" when all is as promised.
  std::string failure(SourceWatch& watch) const {
    try {
      watch.check();
    } catch (const StageFailure& failed) {
      BOOST_CHECK(failed.kind == FailureKind::data);
      std::string text = failed.what();
      for (auto at = text.find(path.string()); at != text.npos; at = text.find(path.string()))
        text.replace(at, path.string().size(), "DIR");
      return text;
    }
    return "";
  }
  std::string failure() const {
    SourceWatch watch(job, spec);
    return failure(watch);
  }

  Job job;
  AttemptSpec spec;
  Experiment shape;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(source_watch, WatchedJob)

BOOST_AUTO_TEST_CASE(a_changed_a_missing_and_a_new_file_are_named_and_a_touched_one_is_not) {
  write("d/a.txt", "some text");
  write("d/b.jsonl", "{\"text\": \"t\"}\n");
  promise("data.text", path / "d");
  SourceWatch watch(job, spec);
  BOOST_TEST(failure(watch) == "");
  // Touched, and replaced by another file of the same bytes.
  fs::last_write_time(path / "d/a.txt", fs::file_time_type::clock::now() + std::chrono::hours(1));
  BOOST_TEST(failure(watch) == "");
  fs::rename(write("copy", "some text"), path / "d/a.txt");
  BOOST_TEST(failure(watch) == "");
  // Edited, with size and time as they were.
  const auto time = fs::last_write_time(path / "d/a.txt");
  write("d/a.txt", "same text");
  fs::last_write_time(path / "d/a.txt", time);
  BOOST_TEST(
      has(failure(watch), "DIR/d/a.txt has changed since the sweep was planned: found 9 bytes of content "));
  BOOST_TEST(has(failure(), "; expected 9 bytes of content "));
  write("d/a.txt", "some text");
  BOOST_TEST(failure(watch) == "");
  fs::resize_file(path / "d/a.txt", 4);
  BOOST_TEST(has(failure(watch), "found 4 bytes of content "));
  write("d/a.txt", "some text");

  write("d/c.md", "more");
  BOOST_TEST(has(failure(watch),
                 "DIR/d/c.md is new since the sweep was planned: found 3 files in DIR/d; expected 2"));
  fs::rename(path / "d/b.jsonl", path / "d/e.jsonl");
  fs::remove(path / "d/c.md");
  BOOST_TEST(has(failure(watch),
                 "DIR/d/e.jsonl is new since the sweep was planned, and b.jsonl of DIR/d is gone: found 2 "
                 "files in DIR/d; expected 2; `ablate run` plans jobs for the data that are there now; where "
                 "those of the plan are back, `ablate retry` has this job tried again"));
  fs::rename(path / "d/e.jsonl", path / "d/b.jsonl");
  BOOST_TEST(failure(watch) == "");
  write("d/no-shard.csv", "more");
  BOOST_TEST(failure(watch) == "");
  fs::remove(path / "d/b.jsonl");
  BOOST_TEST(has(failure(watch), "b.jsonl of DIR/d is gone since the sweep was planned"));
  fs::remove(path / "d/a.txt");
  BOOST_TEST(has(failure(watch), "DIR/d has changed since the sweep was planned: DIR/d: no shards"));
  fs::remove_all(path / "d");
  BOOST_TEST(has(failure(watch), "DIR/d is gone since the sweep was planned"));
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_any_more_is_a_failure_of_the_data) {
  const fs::path file = write("a.txt", "some text");
  promise("data.text", file);
  SourceWatch watch(job, spec);
  fs::permissions(file, fs::perms::none);
  if (::access(file.c_str(), R_OK) == 0) return;  // Nothing is kept from the superuser.
  BOOST_TEST(has(failure(watch), "DIR/a.txt could be read when the sweep was planned: "));
  fs::permissions(file, fs::perms::owner_read);
  BOOST_TEST(failure(watch) == "");
}

BOOST_AUTO_TEST_CASE(the_same_content_may_be_read_from_another_place) {
  write("b/x.jsonl", "{\"image\": \"1.jpg\", \"caption\": \"c\"}\n");
  write("b/1.jpg", "one");
  write("b/s.toml", "[scenes]\nbank = ['bank']\n");
  write("b/bank/train-images-idx3-ubyte", "i");
  write("b/bank/train-labels-idx1-ubyte", "l");
  promise("eval.captions", path / "b/x.jsonl");
  promise("data.captions", path / "b/s.toml");
  BOOST_TEST(failure() == "");
  fs::copy(path / "b", path / "a", fs::copy_options::recursive);
  fs::rename(path / "a/x.jsonl", path / "a/y.jsonl");
  for (auto& [hash, source] : spec.sources)
    source = path / "a" / (source.extension() == ".toml" ? "s.toml" : "y.jsonl");
  BOOST_TEST(failure() == "");
  write("a/1.jpg", "two");
  BOOST_TEST(has(failure(), "DIR/a/1.jpg has changed since the sweep was planned"));
  write("a/1.jpg", "one");
  write("a/bank/train-labels-idx1-ubyte", "m");
  BOOST_TEST(has(failure(), "DIR/a/bank/train-labels-idx1-ubyte has changed"));
}

BOOST_AUTO_TEST_CASE(a_settled_file_is_read_only_when_its_state_is_another) {
  const fs::path file = write("a.txt", "some text");
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  promise("eval.text", file);
  SourceWatch watch(job, spec);
  BOOST_TEST(failure(watch) == "");
  // Now another hash with the right state is taken on trust; that is what makes checks cheap.
  InputContent content = load_promise(spec.promises.begin()->second);
  BOOST_TEST(content.files[0].content.state.is_known());
  content.files[0].content.hash = std::string(32, '0');
  write_promise(spec.promises.begin()->second, content);
  BOOST_TEST(failure() == "");
  fs::last_write_time(file, fs::file_time_type::clock::now());
  BOOST_TEST(has(failure(), "expected 9 bytes of content 00000000; `ablate run` plans jobs"));
}

BOOST_AUTO_TEST_CASE(pictures_that_records_name_are_watched_with_them) {
  write("d/sub/a.jsonl",
        "{\"image\": \"1.jpg\", \"caption\": \"c\"}\n{\"image\": \"2.jpg\", \"caption\": \"c\"}\n");
  write("d/sub/1.jpg", "one");
  promise("eval.captions", path / "d");
  BOOST_TEST(failure() == "");
  write("d/sub/1.jpg", "two");
  BOOST_TEST(
      has(failure(), "DIR/d/sub/1.jpg has changed since the sweep was planned: found 3 bytes of content "));
  write("d/sub/1.jpg", "one");
  write("d/sub/2.jpg", "new");
  BOOST_TEST(
      has(failure(), "DIR/d/sub/2.jpg has changed since the sweep was planned: found 3 bytes of content"));
  BOOST_TEST(has(failure(), "; expected no file"));
  fs::remove(path / "d/sub/2.jpg");
  fs::remove(path / "d/sub/1.jpg");
  BOOST_TEST(has(failure(), "found no file; expected 3 bytes of content "));
  write("d/sub/1.jpg", "one");
  BOOST_TEST(failure() == "");
  write("d/sub/a.jsonl", "{\"image\": \"1.jpg\", \"caption\": \"c\"}\n");
  BOOST_TEST(has(failure(), "DIR/d/sub/a.jsonl has changed"));
}

BOOST_AUTO_TEST_CASE(links_weights_tokenizers_and_banks_are_watched_too) {
  write("blobs/1", "one");
  write("blobs/2", "two");
  fs::create_symlink("blobs/1", path / "t.model");
  promise("data.tokenizer", path / "t.model");
  write("bank/train-images-idx3-ubyte", "i");
  write("bank/train-labels-idx1-ubyte", "l");
  promise("data.captions", write("s.toml", "[scenes]\nbank = ['bank']\n"));
  write("w/m-1.safetensors", "w");
  write("w/model.safetensors.index.json", "{\"weight_map\": {\"a\": \"m-1.safetensors\"}}");
  promise("llm.init", path / "w");
  BOOST_TEST(failure() == "");
  const auto change = [&](const fs::path& file, const std::string& part) {
    const std::string before = [&] {
      std::ifstream stream(file, std::ios::binary);
      return std::string(std::istreambuf_iterator<char>(stream), {});
    }();
    std::ofstream(file, std::ios::binary) << "changed";
    BOOST_TEST(has(failure(), part));
    std::ofstream(file, std::ios::binary) << before;
    BOOST_TEST(failure() == "");
  };
  change(path / "bank/train-labels-idx1-ubyte", "DIR/bank/train-labels-idx1-ubyte has changed");
  change(path / "w/m-1.safetensors", "DIR/w/m-1.safetensors has changed");
  fs::remove(path / "w/m-1.safetensors");
  BOOST_TEST(has(failure(), "DIR/w/m-1.safetensors is gone"));
  write("w/m-1.safetensors", "w");
  fs::remove(path / "t.model");
  fs::create_symlink("blobs/2", path / "t.model");
  BOOST_TEST(has(failure(), "DIR/t.model has changed"));
}

BOOST_AUTO_TEST_CASE(a_source_without_a_promise_is_not_checked) {
  promise("data.text", write("a.txt", "some text"));
  spec.promises.clear();
  write("a.txt", "other text");
  BOOST_TEST(failure() == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
