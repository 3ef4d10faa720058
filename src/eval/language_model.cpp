#include "eval/language_model.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>

#include "data/loader.hpp"
#include "data/packing.hpp"
#include "data/recipe.hpp"
#include "eval/tasks.hpp"
#include "model/vision_language_model.hpp"
#include "train/device.hpp"
#include "train/run_settings.hpp"
#include "train/train.hpp"
#include "train/weight_files.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

/// UTF-8 bytes of the text that a piece stands for, where that is known.
std::optional<std::int64_t> piece_bytes(const Tokenizer& tokenizer, std::int32_t id) {
  if (id == tokenizer.unknown()) return std::nullopt;
  if (id == tokenizer.special().document_end || id == tokenizer.special().turn_end) return 0;
  const std::string piece = tokenizer.piece(id);
  if (piece.size() == 6 && piece.starts_with("<0x")) return 1;
  constexpr std::string_view kSpace = "▁";
  auto bytes = static_cast<std::int64_t>(piece.size());
  for (auto at = piece.find(kSpace); at != piece.npos; at = piece.find(kSpace, at + kSpace.size()))
    bytes -= static_cast<std::int64_t>(kSpace.size()) - 1;
  return bytes;
}

/// All pictures but the last `count`.
void leave_whole(std::vector<Segment>& segments, std::int64_t count) {
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment)
    if (segment->picture) segment->whole = count-- <= 0;
}

/// Whether a written text ends with this piece.
bool ends_writing(const Tokenizer& tokenizer, std::int64_t id) {
  const SpecialPieces& special = tokenizer.special();
  if (id >= tokenizer.vocab_size()) return true;  // The model's vocabulary may be larger.
  const auto piece = static_cast<std::int32_t>(id);
  return piece == special.document_end || piece == special.turn_end || piece == special.image_start ||
         piece == special.image_end || piece == special.pad || tokenizer.piece(piece) == "<0x0A>";
}

class TrainedLanguageModel final : public LanguageModel {
 public:
  TrainedLanguageModel(const EvaluationJob& job, const std::function<bool()>& stop_requested)
      : recipe_(at_stage(job.experiment, job.stage)),
        stage_(job.stage),
        stop_requested_(stop_requested),
        tokenizer_(tokenizer_of(recipe_, job.stage, "expected that of the trained model")),
        device_(choose_device(job.device)),
        settings_(mixture_of(recipe_, job.stage, /*seed=*/0)),
        threads_(loader_threads(job.threads)),
        rows_(micro_batch_of(recipe_.run.micro_batch, Run::kEvaluationRows, job.micro_batch_halvings)),
        model_(std::make_shared<VisionLanguageModel>(recipe_, resolution_of(recipe_, job.stage))) {
    load_weights(model_->weights(), {job.model, "the model", "", "", {}},
                 model_->vision ? model_->vision->class_tokens() : 0);
    model_->compute = compute_type(train_of(recipe_, job.stage).precision, device_);
    model_->to(device_);
    model_->eval();  // Experts take all tokens: no score depends on what else is in a row.
  }

  std::vector<std::vector<Likelihood>> rank(std::span<const Question> questions,
                                            ReadReport& report) override {
    std::vector<TokenizedDocument> trees;
    std::vector<std::vector<Likelihood>> results(questions.size());
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if (!can_tell_apart(questions[i].candidates)) continue;
      TokenizedDocument tree = plant(questions[i], i);
      if (longest_branch(tree) > settings_.seq_len) continue;
      results[i].resize(questions[i].candidates.size());
      trees.push_back(std::move(tree));
    }
    std::vector<bool> seen(questions.size());
    forward(std::move(trees), report, [&](std::size_t i, std::int32_t branch, double nats, std::int32_t) {
      Likelihood& likelihood = results[i][static_cast<std::size_t>(branch - 1)];
      likelihood.nats -= nats;
      ++likelihood.tokens;
      seen[i] = true;
    });
    for (std::size_t i = 0; i < questions.size(); ++i)
      if (!seen[i]) results[i].clear();
    return results;
  }

  std::vector<DocumentLoss> losses(std::span<const Document> documents, DataRole role,
                                   ReadReport& report) override {
    std::vector<TokenizedDocument> parts;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      TokenizedDocument whole =
          is_conversation(role) ? tokenize_chat(documents[i], *tokenizer_, settings_.layout(), settings_.chat)
                                : tokenize(documents[i], *tokenizer_, settings_.layout());
      for (TokenizedDocument& part :
           cut_document(std::move(whole), settings_.seq_len, settings_.max_images)) {
        part.index = i;
        parts.push_back(std::move(part));
      }
    }
    std::vector<DocumentLoss> results(documents.size());
    forward(std::move(parts), report, [&](std::size_t i, std::int32_t, double nats, std::int32_t token) {
      results[i].nats += nats;
      ++results[i].tokens;
      const std::optional<std::int64_t> bytes = piece_bytes(*tokenizer_, token);
      if (bytes && results[i].bytes)
        *results[i].bytes += *bytes;
      else
        results[i].bytes.reset();
    });
    return results;
  }

  std::vector<std::optional<std::string>> write(std::span<const Question> questions,
                                                std::int64_t max_new_tokens, ReadReport& report) override {
    std::vector<TokenizedDocument> prompts;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      TokenizedDocument prompt = tokenize_prompt(questions[i], i);
      if (std::ssize(prompt.tokens) + max_new_tokens <= settings_.seq_len)
        prompts.push_back(std::move(prompt));
    }
    // Prompts of like length side by side: little padding.
    std::stable_sort(prompts.begin(), prompts.end(),
                     [](const auto& a, const auto& b) { return a.tokens.size() > b.tokens.size(); });
    std::vector<std::optional<std::string>> written(questions.size());
    for (std::size_t first = 0; first < prompts.size(); first += static_cast<std::size_t>(rows_)) {
      const auto rows = std::min(static_cast<std::size_t>(rows_), prompts.size() - first);
      write_rows(std::span(prompts).subspan(first, rows), questions, max_new_tokens, report, written);
    }
    return written;
  }

 private:
  /// Whether prompts are conversations, as those that the model was trained on: examples are turns of them.
  bool is_chat() const { return stage_ == Stage::sft; }
  std::int32_t end_of_answer() const {
    return is_chat() ? answer_end(*tokenizer_, settings_.chat.format) : tokenizer_->special().document_end;
  }

  TokenizedDocument tokenize_prompt(const Question& question, std::size_t index) const {
    Document document;
    document.id = question.id;  // A message about a broken picture names it.
    document.segments = question.prompt;
    if (recipe_.eval.sub_image_pictures > 0) leave_whole(document.segments, recipe_.eval.sub_image_pictures);
    TokenizedDocument prompt;
    if (is_chat()) {
      prompt = tokenize_chat_prompt(document, *tokenizer_, settings_.layout(), settings_.chat);
    } else {
      prompt = tokenize(document, *tokenizer_, settings_.layout());
      prompt.tokens.pop_back();  // The document goes on.
      prompt.targets.assign(prompt.tokens.size(), 0);
    }
    prompt.index = index;
    return prompt;
  }

  /// Whether two of them are different tokens.
  bool can_tell_apart(const std::vector<std::string>& candidates) const {
    return std::any_of(candidates.begin(), candidates.end(), [&](const std::string& candidate) {
      return tokenizer_->encode(candidate) != tokenizer_->encode(candidates[0]);
    });
  }

  /// The prompt once, and the candidates as branches. The prompt's last token stands at the head of each:
  /// what follows it differs.
  TokenizedDocument plant(const Question& question, std::size_t index) const {
    TokenizedDocument tree = tokenize_prompt(question, index);
    const std::int32_t last = tree.tokens.back();
    tree.tokens.pop_back();
    tree.targets.pop_back();
    tree.branches.assign(tree.tokens.size(), 0);
    for (std::size_t c = 0; c < question.candidates.size(); ++c) {
      std::vector<std::int32_t> tokens = tokenizer_->encode(question.candidates[c]);
      tokens.insert(tokens.begin(), last);
      tokens.push_back(end_of_answer());
      tree.targets.push_back(0);
      tree.targets.resize(tree.targets.size() + tokens.size() - 1, 1);
      tree.branches.resize(tree.branches.size() + tokens.size(), static_cast<std::int32_t>(c + 1));
      tree.tokens.insert(tree.tokens.end(), tokens.begin(), tokens.end());
    }
    return tree;
  }

  /// Tokens of the trunk and the longest of its branches.
  static std::int64_t longest_branch(const TokenizedDocument& tree) {
    std::vector<std::int64_t> counts;
    for (const std::int32_t branch : tree.branches) {
      counts.resize(std::max(counts.size(), static_cast<std::size_t>(branch) + 1));
      ++counts[static_cast<std::size_t>(branch)];
    }
    return counts[0] + *std::max_element(counts.begin() + 1, counts.end());
  }

  Sequence load(std::vector<TokenizedDocument> documents, std::int64_t length) const {
    MixtureSettings settings = settings_;
    settings.seq_len = length;
    SequencePlan plan;
    plan.documents = std::move(documents);
    return load_sequence(std::move(plan), settings, tokenizer_->special());
  }

  SequenceBatch batch_of(std::span<const Sequence> rows, ReadReport& report) const {
    if (stop_requested_()) throw StopRequested();
    for (const Sequence& row : rows) report.add(row.report);
    return copy_to_device(make_sequence_batch(rows, settings_.resolution, recipe_.llm.vocab_size, device_),
                          device_);
  }

  /// One pass over the documents, packed. Calls visit(its `index`, branch, cross entropy, token) for each
  /// target; a broken picture takes its document along.
  template <class Visit>
  void forward(std::vector<TokenizedDocument> documents, ReadReport& report, const Visit& visit) {
    const torch::NoGradGuard no_grad;
    PackedSize row{settings_.seq_len, std::max<std::int64_t>(settings_.max_images, 1)};
    std::vector<PackedSize> sizes;
    for (const TokenizedDocument& document : documents) {
      sizes.push_back({std::ssize(document.tokens), std::ssize(document.images)});
      row.tokens = std::max(row.tokens, sizes.back().tokens);
      row.images = std::max(row.images, sizes.back().images);
    }
    const auto packed = pack(sizes, row);
    std::size_t planned = 0;
    OrderedLoader<std::vector<TokenizedDocument>, Sequence> loader(
        [&] {
          std::vector<TokenizedDocument> together;
          if (planned < packed.size())
            for (const std::size_t index : packed[planned]) together.push_back(std::move(documents[index]));
          ++planned;
          return together;
        },
        [&](std::vector<TokenizedDocument> together) { return load(std::move(together), row.tokens); },
        threads_, static_cast<std::size_t>(2 * rows_));
    const torch::Tensor one = torch::ones({}, torch::TensorOptions(torch::kFloat32).device(device_));
    for (std::size_t first = 0; first < packed.size(); first += static_cast<std::size_t>(rows_)) {
      std::vector<Sequence> rows;
      while (rows.size() < std::min(static_cast<std::size_t>(rows_), packed.size() - first))
        rows.push_back(loader.next());
      const SequenceBatch batch = batch_of(rows, report);
      if (batch.targets.numel() == 0) continue;
      const torch::Tensor losses =
          model_->loss(batch, one, /*z_loss=*/0).cross_entropy.to(torch::kCPU, torch::kFloat64).contiguous();
      const double* loss = losses.data_ptr<double>();
      for (const Sequence& sequence : rows)
        for (std::size_t t = 0; t < sequence.labels.size(); ++t) {
          if (sequence.labels[t] == kNoTarget) continue;
          const auto document = static_cast<std::size_t>(sequence.documents[t]);
          visit(sequence.indices[document], sequence.branches.empty() ? 0 : sequence.branches[t], *loss++,
                sequence.labels[t]);
        }
    }
  }

  /// Writes after a few prompts at once, each token after the other.
  void write_rows(std::span<TokenizedDocument> prompts, std::span<const Question> questions,
                  std::int64_t max_new_tokens, ReadReport& report,
                  std::vector<std::optional<std::string>>& written) {
    const torch::NoGradGuard no_grad;
    const auto longest = static_cast<std::int64_t>(prompts.front().tokens.size());
    std::vector<Sequence> rows;
    std::vector<std::int64_t> lengths;
    for (TokenizedDocument& prompt : prompts) {
      lengths.push_back(static_cast<std::int64_t>(prompt.tokens.size()));
      rows.push_back(load({std::move(prompt)}, longest));
    }
    const SequenceBatch batch = batch_of(rows, report);
    DecoderImpl::Reading reading;
    const torch::Tensor ends = torch::tensor(lengths, torch::kInt64).to(device_);  // [B]
    torch::Tensor states =
        model_->decoder->read(model_->embed(batch), ends, longest + max_new_tokens, reading);
    const torch::Tensor last = (ends - 1).view({-1, 1, 1}).expand({-1, 1, states.size(2)});
    states = states.gather(1, last);  // [B, 1, D]
    std::vector<std::vector<std::int32_t>> tokens(rows.size());
    std::vector<bool> done;
    for (const Sequence& row : rows) done.push_back(row.indices.empty());  // A picture is broken.
    for (std::int64_t step = 0; step < max_new_tokens; ++step) {
      const torch::Tensor head = model_->decoder->head();
      const torch::Tensor logits = torch::linear(states, head.to(states.dtype()));  // [B, 1, V]
      const torch::Tensor next = logits.argmax(-1);                                 // [B, 1]
      const torch::Tensor ids = next.to(torch::kCPU).contiguous(),
                          best = logits.amax(-1).to(torch::kCPU, torch::kFloat32).contiguous();
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (done[i]) continue;
        require_number(best.data_ptr<float>()[i], "the likeliest token's logit",
                       questions[rows[i].indices[0]].id);
        const std::int64_t id = ids.data_ptr<std::int64_t>()[i];
        done[i] = ends_writing(*tokenizer_, id);
        if (!done[i]) tokens[i].push_back(static_cast<std::int32_t>(id));
      }
      if (step + 1 == max_new_tokens || std::all_of(done.begin(), done.end(), [](bool d) { return d; }))
        break;
      states = model_->decoder->extend(model_->decoder->embed(next, model_->compute), reading);
    }
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!rows[i].indices.empty())  // Its pictures are whole.
        written[rows[i].indices[0]] = tokenizer_->decode(tokens[i]);
  }

  const Experiment recipe_;
  const Stage stage_;
  const std::function<bool()>& stop_requested_;
  const std::shared_ptr<const Tokenizer> tokenizer_;
  const torch::Device device_;
  const MixtureSettings settings_;
  const std::size_t threads_;
  const std::int64_t rows_;  ///< Sequences that go through the model at a time.
  const std::shared_ptr<VisionLanguageModel> model_;
};

}  // namespace

std::unique_ptr<LanguageModel> load_language_model(const EvaluationJob& job,
                                                   const std::function<bool()>& stop_requested) {
  return std::make_unique<TrainedLanguageModel>(job, stop_requested);
}

}  // namespace ablate
