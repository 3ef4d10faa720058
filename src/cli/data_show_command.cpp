// `ablate data show`: what a model will see.
#include <algorithm>

#include "cli/common.hpp"
#include "cli/data_options.hpp"
#include "data/loader.hpp"
#include "data/recipe.hpp"
#include "plan/cells.hpp"
#include "plan/cost.hpp"
#include "report/output.hpp"
#include "report/terminal.hpp"
#include "views/data_view.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kDefaultCount = 8, kDefaultResolution = 224, kDefaultImageTokens = 16;
/// Sequences that shares and fill are measured on.
constexpr std::int64_t kMeasuredSequences = 256;

std::int64_t count_to_show(const Arguments& arguments) {
  return arguments.find_integer("--count").value_or(kDefaultCount);
}

std::uint64_t seed_of(const Arguments& arguments) {
  return static_cast<std::uint64_t>(arguments.find_integer("--seed").value_or(0));
}

/// One document by itself, as the tokenizer has it.
Sequence sequence_of(const Document& document, const MixtureSettings& settings, const Tokenizer& tokenizer) {
  SequencePlan plan;
  plan.documents.push_back(tokenize(document, tokenizer, settings.layout()));
  MixtureSettings alone = settings;
  alone.seq_len = static_cast<std::int64_t>(plan.documents.front().tokens.size());
  return load_sequence(std::move(plan), alone, tokenizer.special());
}

void show_source(const RoledSource& source, const Arguments& arguments, const Tokenizer* tokenizer,
                 DataView& view) {
  MixtureSettings settings;
  settings.image_tokens = arguments.find_integer("--image-tokens").value_or(kDefaultImageTokens);
  settings.resolution = view.resolution;
  if (arguments.has("--fit")) settings.image_fit = arguments.choice<ImageFit>("--fit");
  if (arguments.has("--sub-images")) settings.sub_images = arguments.choice<SubImages>("--sub-images");
  DocumentStream stream(find_shards(source.path, source.role), seed_of(arguments),
                        "documents/" + to_name(source.role));
  ReadReport report;
  const std::int64_t count = count_to_show(arguments);
  for (std::int64_t i = 0; i < count; ++i) {
    const Document document = stream.next(report).document;
    if (tokenizer) {
      const Sequence sequence = sequence_of(document, settings, *tokenizer);
      if (!sequence.ids.empty()) {
        add_sequence(view, sequence, fmt::format("{} ({} tokens)", document.id, sequence.tokens.size()),
                     *tokenizer);
        continue;
      }
    }
    add_document(view, document, settings.image_fit);
  }
  view.facts.push_back(fmt::format("{}: as {}, {} of its documents, drawn with seed {}", source.path.string(),
                                   to_name(source.role), count, seed_of(arguments)));
  for (const Problem& problem : report.first) view.facts.push_back("broken: " + to_text(problem));
}

/// Captions in packed sequences, and those whose end is not in the sequence of their picture.
struct CaptionEnds {
  std::int64_t all = 0, cut = 0;

  void add(const Sequence& sequence, std::int32_t document_end) {
    if (sequence.role != DataRole::captions) return;
    for (const ImagePlace& picture : sequence.images) {
      auto last = static_cast<std::size_t>(picture.start);
      const std::int32_t document = sequence.documents[last];
      while (last + 1 < sequence.documents.size() && sequence.documents[last + 1] == document) ++last;
      ++all;
      cut += sequence.tokens[last] != document_end;
    }
  }
};

/// The recipe of a sweep's first cell, or of an experiment.
Experiment first_recipe(const std::filesystem::path& file) {
  const Sweep sweep = load_sweep_or_experiment(file);
  std::optional<Experiment> first;
  CellExpander(sweep).expand([&](const Cell&, const Experiment& experiment) {
    if (!first) first = experiment;
  });
  if (!first) throw Error(fmt::format("{}: no cell is left", file.string()));
  return *first;
}

void show_recipe(const std::filesystem::path& file, const Arguments& arguments, DataView& view) {
  const Experiment recipe = first_recipe(file);
  const Stage stage = arguments.has("--stage") ? arguments.choice<Stage>("--stage") : Stage::vlm;
  const MixtureSettings settings = mixture_of(recipe, stage, seed_of(arguments));
  view.resolution = settings.resolution;
  const std::string model = arguments.find_text("--tokenizer").value_or(recipe.data.tokenizer);
  if (model.empty())
    throw Error(
        fmt::format("{}: data.tokenizer is empty; name a SentencePiece model there or with --tokenizer",
                    shown_path(file)));
  const auto tokenizer = std::make_shared<const Tokenizer>(
      model, stage == Stage::sft ? recipe.data.chat_format : ChatFormat::plain);
  if (tokenizer->vocab_size() > recipe.llm.vocab_size)
    view.facts.push_back(
        fmt::format("llm.vocab_size is {}, but the tokenizer has {} pieces: this recipe cannot be trained",
                    recipe.llm.vocab_size, tokenizer->vocab_size()));

  SequenceLoader loader(settings, tokenizer, {.threads = 0});
  const std::int64_t count = count_to_show(arguments);
  CaptionEnds captions;
  for (std::int64_t i = 0; i < std::max(count, kMeasuredSequences); ++i) {
    const Sequence sequence = loader.next();
    captions.add(sequence, tokenizer->special().document_end);
    if (i < count)
      add_sequence(view, sequence,
                   fmt::format("sequence {}: {}, {} documents, {} pictures", i, to_name(sequence.role),
                               sequence.ids.size(), sequence.images.size()),
                   *tokenizer);
  }
  view.facts.push_back(fmt::format(
      "{}: sequences of {} positions, {} of {} x {} as {} tokens each, seed {}", shown_path(file),
      settings.seq_len,
      settings.sub_images == SubImages::none ? "pictures"
                                             : "views of pictures (" + to_name(settings.sub_images) + ")",
      settings.resolution, settings.resolution, settings.image_tokens, settings.seed));
  view.facts.push_back(
      fmt::format("Shares of the first {} sequences, measured:", std::max(count, kMeasuredSequences)));
  const auto metrics = loader.tally().metrics();
  const auto percent = [&](const std::string& name) {
    const auto found =
        std::find_if(metrics.begin(), metrics.end(), [&](const auto& item) { return item.first == name; });
    return found == metrics.end() ? 0 : 100 * found->second;
  };
  std::vector<std::string> roles;
  for (const MixtureSource& source : settings.sources)
    if (const std::string role = to_name(source.role);
        source.weight > 0 && std::find(roles.begin(), roles.end(), role) == roles.end())
      roles.push_back(role);
  for (const std::string& role : roles)
    view.facts.push_back(fmt::format(
        "  {:<12}{:5.1f} % of sequences, {:5.1f} % of tokens, {:5.1f} % of targets, {:5.1f} % of pictures",
        role, percent("sequence_share_" + role), percent("token_share_" + role),
        percent("target_share_" + role), percent("image_share_" + role)));
  view.facts.push_back(
      fmt::format("  {:.1f} % of the positions hold a token, the rest is padding", percent("fill")));
  if (captions.cut > 0)
    view.facts.push_back(fmt::format(
        "  {} of {} captions are longer than data.seq_len leaves: their ends are read without the picture",
        captions.cut, captions.all));
  const Json tally = loader.tally().to_json();
  for (const Json& problem : tally["first_problems"])
    view.facts.push_back("broken: " + problem.get<std::string>());
}

bool is_recipe(const std::filesystem::path& path) {
  return path.extension() == ".toml" && !is_scenes_file(path);
}

int run_data_show(const Arguments& arguments) {
  DataView view;
  view.title = "What the model sees";
  view.resolution = arguments.find_integer("--resolution").value_or(kDefaultResolution);
  const std::vector<std::string> sources = arguments.list("SOURCE");
  if (std::any_of(sources.begin(), sources.end(), is_recipe)) {
    if (sources.size() > 1) throw Error("data show: expected one experiment or sweep, or sources, not both");
    show_recipe(sources.front(), arguments, view);
  } else {
    std::unique_ptr<const Tokenizer> tokenizer;
    if (const auto model = arguments.find_text("--tokenizer"))
      tokenizer = std::make_unique<const Tokenizer>(*model);
    for (const RoledSource& source : roled_sources(arguments))
      show_source(source, arguments, tokenizer.get(), view);
  }
  write_out(view_text(view, output_width(), terminal_of(1).colour));
  const std::filesystem::path page = arguments.text("--page");
  if (page.has_parent_path()) make_directories(page.parent_path());
  write_file(page, view_page(view));
  print("\nPage with pictures: {}\n", page.string());
  return ExitCode::done;
}

}  // namespace

CommandSpec data_show_command() {
  OptionSpec page = value("--page", ValueType::file, "FILE", "the HTML page, with pictures");
  page.fallback = "results/data.html";
  return {.name = "data show",
          .group = Group::data,
          .summary = "Shows what a model will see of some data",
          .description =
              "A source is a WebDataset shard (.tar), JSON lines (.jsonl), plain text (.txt), a scenes file "
              "(.toml), or a "
              "folder of such shards. Of an experiment or a sweep it shows the packed sequences of a stage "
              "of the "
              "first cell, and the shares that the mixture comes to.",
          .example =
              "ablate data show tests/data/samples/captions --tokenizer tests/data/samples/tokenizer.model",
          .options =
              {source_argument("files or folders with data; or one experiment or sweep"), role_option(),
               value("--tokenizer", ValueType::file, "MODEL", "a SentencePiece model: also shows the pieces"),
               at_least(1, value("--count", ValueType::integer, "N", "documents or sequences to show [8]")),
               value("--seed", ValueType::integer, "N", "of the order of documents [0]"),
               at_least(1, value("--resolution", ValueType::integer, "R",
                                 "pixels on a side that pictures are resized to [224]")),
               at_least(1, value("--image-tokens", ValueType::integer, "K", "positions of one picture [16]")),
               choice("--stage", {"llm", "vlm", "sft"}, "vlm", "the stage of an experiment or a sweep"),
               choice("--fit", known_names<ImageFit>(), "stretch", "how a picture becomes a square"),
               choice("--sub-images", known_names<SubImages>(), "none",
                      "with --tokenizer: further views of a picture"),
               page},
          .run = run_data_show};
}

}  // namespace ablate
