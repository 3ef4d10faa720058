// How an evaluation is run is no part of its identity: so it must not change a score.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "eval/model_fixture.hpp"

BOOST_AUTO_TEST_SUITE(evaluation_run_settings)

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

void check_variants(const EvaluationJob& job) {
  const auto usual = run_evaluation(job);
  for (const RunVariant& variant : run_variants(job.experiment)) {
    EvaluationJob changed = job;
    changed.experiment.run = variant.run;
    changed.threads = variant.threads;
    changed.micro_batch_halvings = variant.micro_batch_halvings;
    const auto scores = run_evaluation(changed);
    BOOST_TEST(names_of_scores(scores) == names_of_scores(usual));
    for (const auto& [name, score] : scores)
      BOOST_TEST_CONTEXT(to_name(job.stage) << " " << name << ": " << variant.name) {
        const Score& want = usual.at(name);
        BOOST_TEST(score.n == want.n);
        BOOST_TEST(score.standard_error.has_value() == want.standard_error.has_value());
        if (variant.rounds) {
          BOOST_TEST(std::abs(score.value - want.value) <= 2e-6 * std::abs(want.value));
          BOOST_TEST(std::abs(score.standard_error.value_or(0) - want.standard_error.value_or(0)) <=
                     1e-4 * std::abs(want.value));
        } else {
          BOOST_TEST(score.value == want.value);
          BOOST_TEST((score.standard_error == want.standard_error));
        }
      }
  }
  torch::set_num_threads(1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_of_how_it_is_run_changes_a_score_of_an_encoder) {
  for (const EncoderLoss loss :
       {EncoderLoss::clip, EncoderLoss::siglip, EncoderLoss::aim, EncoderLoss::vae}) {
    SavedEncoder saved(loss);
    check_variants(saved.job(EvalTask::heldout_loss));
    if (loss == EncoderLoss::aim || loss == EncoderLoss::vae) continue;
    check_variants(saved.job(EvalTask::retrieval));
    check_variants(saved.job(EvalTask::zero_shot));
  }
}

BOOST_AUTO_TEST_CASE(nothing_of_how_it_is_run_changes_a_score_of_a_language_model) {
  const SavedModel pictures(Stage::vlm, 10), text(Stage::llm, 10);
  EvaluationJob job = pictures.job();
  Eval& eval = job.experiment.eval;
  eval.captions = {sample_path("captions")};
  eval.interleaved = {sample_path("interleaved")};
  eval.text = {sample_path("text")};
  eval.questions = eval.doctext = {sample_path("evaluation")};
  eval.episodes = {sample_path("few-shot")};
  eval.shots = {0, 2};
  eval.max_examples = 10;
  eval.max_new_tokens = 3;
  for (const EvalTask task :
       {EvalTask::heldout_loss, EvalTask::caption, EvalTask::vqa, EvalTask::doctext, EvalTask::fewshot}) {
    job.task = task;
    check_variants(job);
  }
  EvaluationJob decoder = text.job();
  decoder.experiment.eval = eval;
  check_variants(decoder);
}

BOOST_AUTO_TEST_SUITE_END()
