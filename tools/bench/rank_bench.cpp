// Ranking answers against one plain pass over the same text and pictures:
//   rank_bench JOB_FOLDER SOURCE... [--shots K] [--examples N] [--threads T] [--device D]
// JOB_FOLDER is the finished job of a vlm or sft stage (results/jobs/KEY/1); SOURCE holds questions with
// choices. In turn, best of three:
//   ranking   every choice after its prompt, the prompt once (LanguageModel::rank)
//   one pass  documents of the prompt and all choices as plain text: as many tokens, pictures and bytes to
//   load repeated  one document for each choice, prompt and all: what sharing saves
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "config/resolved.hpp"
#include "eval/language_model.hpp"
#include "util/error.hpp"
#include "worker/job.hpp"

namespace {

using namespace ablate;
using Clock = std::chrono::steady_clock;

Document document_of(const Question& question, std::span<const std::string> texts) {
  Document document;
  document.segments = question.prompt;
  for (const std::string& text : texts) document.segments.push_back({text, nullptr, true});
  return document;
}

template <class Work>
double seconds_of(const Work& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times ranking against plain passes.");
  std::filesystem::path folder;
  std::vector<std::string> sources;
  std::string tokenizer;
  std::int64_t shots = 8, examples = 200;
  EvaluationJob job{.experiment = {}, .stage = Stage::vlm, .task = EvalTask::vqa};
  app.add_option("JOB_FOLDER", folder)->required();
  app.add_option("SOURCE", sources)->required();
  app.add_option("--tokenizer", tokenizer)->required();
  app.add_option("--shots", shots);
  app.add_option("--examples", examples);
  app.add_option("--threads", job.threads);
  app.add_option("--device", job.device);
  CLI11_PARSE(app, argc, argv);
  try {
    const Job trained = load_job(folder.parent_path() / "job.json");
    apply_resolved(
        trained.config, [](const std::string&) { return std::string(); }, job.experiment);
    job.stage = trained.stage;
    job.experiment.data.tokenizer = tokenizer;
    // So that no document is cut: both sides see all of it.
    job.experiment.data.seq_len = std::max<std::int64_t>(job.experiment.data.seq_len, 4096);
    job.experiment.data.max_images = std::max<std::int64_t>(job.experiment.data.max_images, 64);
    job.experiment.eval.max_examples = examples;
    job.model = folder / "model.safetensors";
    const std::function<bool()> never = [] { return false; };
    const auto model = load_language_model(job, never);
    ReadReport report;
    const auto documents = read_held_out(sources, "SOURCE", DataRole::sft, job.experiment, report);
    const std::vector<Question> questions = ask_questions(documents, shots, job.experiment.eval);
    std::vector<Document> once, repeated;
    for (const Question& question : questions) {
      once.push_back(document_of(question, question.candidates));
      for (const std::string& candidate : question.candidates)
        repeated.push_back(document_of(question, std::span(&candidate, 1)));
    }
    double ranking = 1e9, plain = 1e9, naive = 1e9;
    for (int round = 0; round < 3; ++round) {
      ranking = std::min(ranking, seconds_of([&] { model->rank(questions, report); }));
      plain = std::min(plain, seconds_of([&] { model->losses(once, DataRole::interleaved, report); }));
      naive = std::min(naive, seconds_of([&] { model->losses(repeated, DataRole::interleaved, report); }));
    }
    fmt::print("{} questions, {} shots, {:.1f} choices each\n", questions.size(), shots,
               static_cast<double>(repeated.size()) / static_cast<double>(questions.size()));
    fmt::print(
        "ranking {:.3f} s, one pass {:.3f} s, ratio {:.3f}; repeated prompts {:.3f} s, {:.2f} times as "
        "long\n",
        ranking, plain, ranking / plain, naive, naive / ranking);
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "rank_bench: {}\n", error.what());
    return 2;
  }
}
