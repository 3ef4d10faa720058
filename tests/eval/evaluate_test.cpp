#include "eval/evaluate.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "config/names.hpp"
#include "data/fixture.hpp"
#include "data/problem.hpp"
#include "eval/model_fixture.hpp"
#include "train/convergence.hpp"

BOOST_AUTO_TEST_SUITE(evaluations)

using namespace ablate;
namespace tt = boost::test_tools;

BOOST_AUTO_TEST_CASE(losses_and_likelihoods_that_are_no_numbers_are_an_error) {
  SavedModel saved;
  {
    const torch::NoGradGuard no_grad;
    saved.model->decoder->head().fill_(NAN);
  }
  saved.save();
  Eval& eval = saved.recipe.eval;
  eval.captions = {sample_path("captions")};
  eval.text = {sample_path("text")};
  eval.questions = {sample_path("evaluation")};
  eval.episodes = {sample_path("few-shot")};
  eval.shots = {0};
  for (const EvalTask task : {EvalTask::heldout_loss, EvalTask::caption, EvalTask::vqa, EvalTask::fewshot}) {
    try {
      evaluate(saved.job(task), kNeverStop);
      BOOST_ERROR("no number was taken for one");
    } catch (const Diverged& diverged) {
      BOOST_TEST(complains_of(diverged.what(), "nan; expected a number: the model has diverged"));
    }
  }
  // Where it only writes.
  eval.questions = {saved.write("q.jsonl", "{\"question\": \"Why?\", \"answer\": \"because\"}\n").string()};
  BOOST_CHECK_EXCEPTION(
      evaluate(saved.job(EvalTask::vqa), kNeverStop), Diverged, [](const Diverged& diverged) {
        return complains_of(diverged.what(), "q.jsonl: byte 0: the likeliest token's logit is nan");
      });
}

BOOST_AUTO_TEST_CASE(an_untrained_model_guesses) {
  // In the questions about scenes some numbers are rarer than others, so that a liking for one is no guess:
  // here every answer is drawn from its choices.
  const Scratch scratch;
  const RandomStream random(1, "questions");
  const std::vector<std::string> words = {"red",  "a green square", "nothing at all",
                                          "blue", "ankle boot",     "7"};
  std::string lines;
  for (std::uint64_t i = 0; i < 300; ++i) {
    std::vector<std::string> choices = words;
    for (std::uint64_t left = choices.size(); left > 1; --left)
      std::swap(choices[left - 1], choices[random.below(left, i, left)]);
    choices.resize(4);
    const std::string picture = fmt::format("{}.png", i % 20);
    if (i < 20) scratch.write(picture, square_png(8, static_cast<std::uint8_t>(12 * i), 99, 0));
    lines += Json{{"image", picture},
                  {"question", sentence(i, 6) + "?"},
                  {"answer", choices[random.below(4, i)]},
                  {"choices", choices}}
                 .dump() +
             "\n";
  }
  const std::string questions = scratch.write("questions.jsonl", lines);

  // One whose choice depends on the pictures and the prompt, and does not always fall on the shortest text.
  const SavedModel saved(Stage::vlm, 10);
  for (const EvalTask task : {EvalTask::vqa, EvalTask::doctext, EvalTask::fewshot, EvalTask::caption}) {
    EvaluationJob job = saved.job(task);
    job.experiment.data.seq_len = 160;
    Eval& eval = job.experiment.eval;
    eval.captions = eval.episodes = {sample_path("scenes.toml")};
    eval.questions = eval.doctext = {questions};
    eval.shots = {0, 2};
    eval.max_examples = 300;
    eval.max_new_tokens = 0;
    Json detail;
    const auto scores = run_evaluation(job, &detail);
    BOOST_TEST(scores.size() == 4u);
    for (const auto& [name, score] : scores) {
      if (name.find("-chance/") != name.npos) continue;
      const double chance = scores.at(std::string(name).insert(name.find('/'), "-chance")).value;
      BOOST_TEST((chance > 0.1 && chance <= 0.5));
      const double error = score.standard_error.value();
      BOOST_TEST(std::abs(score.value - chance) < 2 * error,
                 name << ": " << score.value << " +- " << error << ", chance " << chance);
      BOOST_TEST(score.n == 300);
      BOOST_TEST((error > 0.02 && error < 0.03));
    }
    BOOST_TEST(detail.at("data").at("broken") == 0);
    BOOST_TEST(detail.at("data").at("documents") == 300);
    BOOST_TEST(!detail.contains("left_out"));
  }
}

BOOST_AUTO_TEST_CASE(the_loss_of_an_untrained_model_is_that_of_guessing_tokens) {
  SavedModel saved;
  Eval& eval = saved.recipe.eval;
  eval.captions = {sample_path("captions")};
  eval.interleaved = {sample_path("interleaved")};
  eval.text = {sample_path("text")};
  const auto scores = run_evaluation(saved.job());
  BOOST_TEST(names_of_scores(scores) ==
             "bits-per-byte/text heldout-loss/captions heldout-loss/interleaved heldout-loss/text");
  for (const char* name : {"captions", "interleaved", "text"})
    BOOST_TEST(scores.at(std::string("heldout-loss/") + name).value == std::log(1024.0), tt::tolerance(0.02));
  const Score& bits = scores.at("bits-per-byte/text");
  BOOST_TEST(bits.n == 59);
  BOOST_TEST((bits.value > 2 && bits.value < 10));
  BOOST_TEST(bits.standard_error.value() > 0);
  // Another size of batches changes rounding alone.
  EvaluationJob other = saved.job();
  other.experiment.run.micro_batch = 3;
  for (const auto& [name, score] : run_evaluation(other)) {
    BOOST_TEST(score.value == scores.at(name).value, tt::tolerance(1e-5));
    BOOST_TEST(score.standard_error.value() == scores.at(name).standard_error.value(), tt::tolerance(1e-3));
    BOOST_TEST(score.n == scores.at(name).n);
  }
  // A decoder alone has no use for pictures.
  SavedModel decoder(Stage::llm);
  decoder.recipe.eval = eval;
  BOOST_TEST(names_of_scores(run_evaluation(decoder.job())) == "bits-per-byte/text heldout-loss/text");
}

BOOST_AUTO_TEST_CASE(a_model_writes_end_to_end) {
  const SavedModel saved(Stage::vlm, 10);
  EvaluationJob job = saved.job(EvalTask::vqa);
  job.experiment.eval.questions = {sample_path("evaluation")};
  job.experiment.eval.shots = {0, 1};
  job.experiment.eval.max_new_tokens = 4;
  const auto scores = run_evaluation(job);
  BOOST_TEST(scores.size() == 8u);
  for (const auto& [name, score] : scores) BOOST_TEST((score.value >= 0 && score.value <= 1), name);
  job.task = EvalTask::caption;
  job.experiment.eval.captions = {sample_path("captions")};
  BOOST_TEST(names_of_scores(run_evaluation(job)) ==
             "caption-chance/0-shot caption-chance/1-shot caption/0-shot caption/1-shot cider/0-shot "
             "cider/1-shot");
}

BOOST_AUTO_TEST_CASE(a_few_broken_pictures_are_passed_over_and_many_are_an_error) {
  const Scratch scratch;
  const auto source = [&](int whole, int broken) {
    std::string lines;
    for (int i = 0; i < whole + broken; ++i) {
      const std::string name = fmt::format("{}.png", i);
      scratch.write(name, i < broken ? "no picture" : square_png(8, static_cast<std::uint8_t>(10 * i), 0, 0));
      lines += Json{{"image", name}, {"caption", fmt::format("caption {}", i)}}.dump() + "\n";
    }
    return scratch.write("c.jsonl", lines).string();
  };
  const SavedModel saved;
  const SavedEncoder encoder;
  EvaluationJob jobs[] = {saved.job(EvalTask::caption), encoder.job(EvalTask::retrieval)};
  for (EvaluationJob& job : jobs) {
    Eval& eval = job.experiment.eval;
    eval.shots = {0, 4};  // However often a picture would be shown, it counts once.
    eval.max_new_tokens = 0;
    eval.max_examples = 20;
    eval.captions = {source(19, 1)};
    Json detail;
    const auto scores = run_evaluation(job, &detail);
    BOOST_TEST(scores.begin()->second.n == 19);
    BOOST_TEST(detail.at("data").at("broken") == 1);
    BOOST_TEST(detail.at("data").at("documents") == 20);
    BOOST_TEST(!detail.contains("left_out"));
    eval.captions = {source(6, 14)};
    BOOST_CHECK_THROW(evaluate(job, kNeverStop), DataError);
    eval.captions = {source(0, 5)};
    BOOST_CHECK_THROW(evaluate(job, kNeverStop), Error);
  }
}

BOOST_AUTO_TEST_CASE(a_task_must_fit_the_stage) {
  const SavedModel saved, decoder(Stage::llm);
  const SavedEncoder encoder;
  BOOST_TEST(evaluation_complaint(saved.job(EvalTask::retrieval)) ==
             "eval: a model of stage vlm cannot be evaluated with retrieval");
  BOOST_TEST(evaluation_complaint(decoder.job(EvalTask::zero_shot)) ==
             "eval: a model of stage llm cannot be evaluated with zero-shot");
  for (const EvalTask task : {EvalTask::caption, EvalTask::vqa, EvalTask::doctext, EvalTask::fewshot})
    BOOST_TEST(evaluation_complaint(decoder.job(task)) ==
               fmt::format("eval: a model of stage llm cannot be evaluated with {}", to_name(task)));
  BOOST_TEST(evaluation_complaint(encoder.job(EvalTask::caption)) ==
             "eval: a model of stage encoder cannot be evaluated with caption");
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_named) {
  SavedModel saved;
  const std::pair<EvalTask, const char*> tasks[] = {
      {EvalTask::caption, "'eval.captions' names no source"},
      {EvalTask::vqa, "'eval.questions' names no source"},
      {EvalTask::doctext, "'eval.doctext' names no source"},
      {EvalTask::fewshot, "'eval.episodes' names no source"},
      {EvalTask::heldout_loss, "none of 'eval.captions', 'eval."}};
  for (const auto& [task, part] : tasks)
    BOOST_TEST(complains_of(evaluation_complaint(saved.job(task)), part));
  EvaluationJob without_shots = saved.job(EvalTask::caption);
  without_shots.experiment.eval.captions = {sample_path("captions")};
  without_shots.experiment.eval.shots = {};
  BOOST_TEST(complains_of(evaluation_complaint(without_shots), "'eval.shots' is empty"));
  BOOST_TEST(complains_of(evaluation_complaint(SavedModel(Stage::llm).job()), "'eval.text' names no source"));
  SavedEncoder encoder;
  encoder.recipe.eval.captions.clear();
  encoder.recipe.eval.labelled.clear();
  BOOST_TEST(complains_of(evaluation_complaint(encoder.job(EvalTask::retrieval)),
                          "'eval.captions' names no source"));
  BOOST_TEST(complains_of(evaluation_complaint(encoder.job(EvalTask::zero_shot)),
                          "'eval.labelled' names no source"));

  saved.recipe.eval.text = {"/nowhere/at/all"};
  BOOST_CHECK_THROW(evaluate(saved.job(), kNeverStop), DataError);
  saved.recipe.eval.text = {sample_path("text")};
  EvaluationJob job = saved.job();
  job.model = "/nowhere/model.safetensors";
  BOOST_TEST(complains_of(evaluation_complaint(job), "/nowhere/model.safetensors"));
  job = saved.job();
  job.experiment.data.tokenizer = "";
  BOOST_TEST(complains_of(evaluation_complaint(job), "data.tokenizer: no SentencePiece model is named"));
  job.experiment.data.tokenizer = "/nowhere/tokenizer.model";
  BOOST_TEST(complains_of(evaluation_complaint(job), "/nowhere/tokenizer.model"));
  job = encoder.job(EvalTask::retrieval);
  job.experiment.data.tokenizer = "";
  BOOST_TEST(evaluation_complaint(job) != "no error");
}

BOOST_AUTO_TEST_CASE(a_model_of_another_shape_is_told) {
  SavedModel saved;
  saved.recipe.eval.text = {sample_path("text")};
  EvaluationJob job = saved.job();
  job.experiment.llm.mlp_width = 40;
  std::string message = evaluation_complaint(job);
  BOOST_TEST(complains_of(message, "model.safetensors"));
  BOOST_TEST(complains_of(message, "of another shape: language_model.model.layers.0.mlp."));
  job = saved.job();
  job.experiment.llm.layers = 3;
  BOOST_TEST(complains_of(evaluation_complaint(job), "missing: language_model.model.layers.2."));
  job.stage = Stage::llm;
  BOOST_TEST(complains_of(evaluation_complaint(job), "does not fit the model"));
  job = saved.job();
  job.experiment.llm.vocab_size = 1000;
  BOOST_TEST(complains_of(evaluation_complaint(job), "llm.vocab_size: found 1000; expected at least 1024"));
  const SavedEncoder encoder;
  job = encoder.job(EvalTask::retrieval);
  job.experiment.encoder.text.vocab_size = 1000;
  BOOST_TEST(complains_of(evaluation_complaint(job), "encoder.text.vocab_size: found 1000"));
  job.experiment.encoder.text.vocab_size = 1030;
  BOOST_TEST(complains_of(evaluation_complaint(job), "of another shape: "));
}

BOOST_AUTO_TEST_CASE(shots_that_fit_no_sequence_are_an_error) {
  SavedModel saved;
  Eval& eval = saved.recipe.eval;
  eval.questions = {sample_path("evaluation")};
  eval.captions = {sample_path("captions")};
  eval.episodes = {sample_path("few-shot")};
  eval.shots = {0, 11};
  for (const std::int64_t tokens : {0, 5}) {
    eval.max_new_tokens = tokens;
    for (const EvalTask task : {EvalTask::vqa, EvalTask::caption})
      BOOST_TEST(complains_of(evaluation_complaint(saved.job(task)), "eval.shots: 11: no example of "));
  }
  eval.shots = {1};  // Not one of each name.
  BOOST_TEST(
      complains_of(evaluation_complaint(saved.job(EvalTask::fewshot)), "eval.shots: 1: no example of "));
}

BOOST_AUTO_TEST_CASE(an_evaluation_that_was_asked_to_stop_finds_nothing) {
  SavedModel saved;
  Eval& eval = saved.recipe.eval;
  eval.text = {sample_path("text")};
  eval.captions = {sample_path("captions")};
  eval.questions = {sample_path("evaluation")};
  eval.shots = {0};
  saved.recipe.run.micro_batch = 1;
  for (const EvalTask task : {EvalTask::heldout_loss, EvalTask::caption, EvalTask::vqa})
    for (const int batches : {0, 2}) {
      int asked = 0;
      BOOST_TEST(!evaluate(saved.job(task), [&] { return asked++ == batches; }));
      BOOST_TEST(asked == batches + 1);
    }
  SavedEncoder encoder;
  encoder.recipe.run.encoder_micro_batch = 2;
  for (const EvalTask task : {EvalTask::heldout_loss, EvalTask::retrieval, EvalTask::zero_shot})
    for (const int batches : {0, 5}) {
      int asked = 0;
      BOOST_TEST(!evaluate(encoder.job(task), [&] { return asked++ == batches; }));
      BOOST_TEST(asked == batches + 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()
