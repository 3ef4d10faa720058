// `ablate data tokenizer`: trains a tokenizer.
#include <algorithm>

#include "cli/common.hpp"
#include "cli/data_options.hpp"
#include "data/stream.hpp"
#include "data/tokenizer.hpp"
#include "report/output.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// The texts of some sources, each document once, the sources in turn.
class Texts {
 public:
  explicit Texts(const std::vector<RoledSource>& sources) {
    for (const RoledSource& source : sources)
      streams_.push_back(
          std::make_unique<DocumentStream>(find_shards(source.path, source.role), 0, "tokenizer"));
  }

  bool next(std::string& text) {
    while (!streams_.empty()) {
      turn_ = (turn_ + 1) % streams_.size();
      std::optional<DrawnDocument> drawn;
      // The end of an epoch shows only after it: the first document of the next one is not used.
      drawn = streams_[turn_]->next(report_);
      if (streams_[turn_]->position().epoch > 0) {
        streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(turn_));
        continue;
      }
      text.clear();
      for (const Segment& segment : drawn->document.segments)
        if (!segment.picture) text += segment.text + "\n";
      text += drawn->document.synthetic_caption;
      ++documents_;
      bytes_ += static_cast<std::int64_t>(text.size());
      return true;
    }
    return false;
  }

  std::int64_t documents() const { return documents_; }
  std::int64_t bytes() const { return bytes_; }
  const ReadReport& report() const { return report_; }

 private:
  std::vector<std::unique_ptr<DocumentStream>> streams_;
  std::size_t turn_ = 0;
  std::int64_t documents_ = 0, bytes_ = 0;
  ReadReport report_;
};

/// A scenes file has other texts for each role: a tokenizer needs them all.
std::vector<RoledSource> all_texts(const Arguments& arguments) {
  std::vector<RoledSource> sources;
  for (const RoledSource& source : roled_sources(arguments)) {
    if (!is_scenes_file(source.path) || arguments.has("--as")) {
      sources.push_back(source);
      continue;
    }
    for (const DataRole role : {DataRole::captions, DataRole::interleaved, DataRole::text, DataRole::sft})
      sources.push_back({source.path, role});
  }
  return sources;
}

int run_data_tokenizer(const Arguments& arguments) {
  TokenizerTraining settings;
  settings.vocab_size = arguments.find_integer("--vocab-size").value_or(settings.vocab_size);
  settings.max_bytes = arguments.find_integer("--max-bytes").value_or(settings.max_bytes);
  const std::filesystem::path output = arguments.text("--output");
  Texts texts(all_texts(arguments));
  const std::string model = train_tokenizer([&](std::string& text) { return texts.next(text); }, settings);
  if (output.has_parent_path()) make_directories(output.parent_path());
  write_file(output, model);
  for (const Problem& problem : texts.report().first)
    write_err("broken: " + printable(to_text(problem), kWhole) + "\n");
  const Tokenizer tokenizer(output);
  print("{}: {} pieces from {} of text in {}\n", output.string(), with_commas(tokenizer.vocab_size()),
        human_bytes(static_cast<double>(texts.bytes())), count_of(texts.documents(), "document"));
  print("In an experiment: data.tokenizer = \"{}\" and llm.vocab_size = {}\n", output.string(),
        tokenizer.vocab_size());
  return ExitCode::done;
}

}  // namespace

CommandSpec data_tokenizer_command() {
  OptionSpec output = value("--output", ValueType::file, "FILE", "the model file");
  output.fallback = "results/tokenizer.model";
  return {
      .name = "data tokenizer",
      .group = Group::data,
      .summary = "Trains a SentencePiece tokenizer on the texts of some data",
      .description =
          "Byte-pair pieces with byte fallback: every text has pieces, and pieces give back every text. The "
          "same data "
          "give the same file. Documents of all sources take turns, in a fixed random order.",
      .example =
          "ablate data tokenizer tests/data/samples/text --vocab-size 1024 --output results/tokenizer.model",
      .options = {source_argument("files or folders with data"), role_option(),
                  at_least(300, value("--vocab-size", ValueType::integer, "N",
                                      "pieces, special ones included [8192]")),
                  at_least(1, value("--max-bytes", ValueType::integer, "N",
                                    "so much text is looked at [50000000]")),
                  output},
      .run = run_data_tokenizer};
}

}  // namespace ablate
