// Decoders with experts in training: where they start from, what is measured of them, what is minimised.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "fixture.hpp"
#include "util/safetensors.hpp"

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

/// The decoder alone sees documents; the encoder is left out to be quick.
Experiment experts_recipe(Upcycle upcycle) {
  Experiment experiment = TrainingFixture::recipe();
  experiment.encoder.loss = EncoderLoss::none;
  experiment.data.sft = {ABLATE_SOURCE_DIR "/tests/data/samples/evaluation"};
  experiment.train_sft = experiment.train_vlm;
  experiment.llm.moe = {.experts = 4, .every = 2, .capacity_factor = 0, .upcycle = upcycle};
  return experiment;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(experts, TrainingFixture)

BOOST_AUTO_TEST_CASE(upcycled_models_start_with_the_loss_of_the_dense_one) {
  // The llm stage comes before the experts: its model is dense.
  const TrainingJob llm = job(Stage::llm, "llm", experts_recipe(Upcycle::vlm));
  run(llm);
  const SafetensorsFile trained(llm.folder / kModelFile);
  BOOST_TEST(trained.find("model.layers.1.mlp.up_proj.weight") != nullptr);
  BOOST_TEST(trained.find("model.layers.1.block_sparse_moe.gate.weight") == nullptr);

  const auto first_loss = [&](const std::string& name, Stage stage, std::int64_t num_experts, Upcycle upcycle,
                              const char* parent, const TrainingJob& from) {
    Experiment experiment = experts_recipe(upcycle);
    experiment.llm.moe.experts = num_experts;
    TrainingJob started = job(stage, name, experiment);
    started.parents = {{parent, from.folder}};
    return run(started).value(0, "loss");
  };
  const double dense = first_loss("dense", Stage::vlm, 0, Upcycle::vlm, "llm", llm);
  BOOST_TEST(first_loss("sparse", Stage::vlm, 4, Upcycle::vlm, "llm", llm) == dense, tt::tolerance(1e-6));
  const SafetensorsFile sparse(scratch.path / "sparse/model.safetensors");
  BOOST_TEST(sparse.find("language_model.model.layers.1.block_sparse_moe.experts.3.w2.weight") != nullptr);

  // The vlm stage is dense, too, where sft is the stage that upcycles; else its experts are handed on.
  const TrainingJob vlm = job(Stage::vlm, "dense", experts_recipe(Upcycle::sft)),
                    with_experts = job(Stage::vlm, "sparse", experts_recipe(Upcycle::vlm));
  const double tuned = first_loss("dense-sft", Stage::sft, 0, Upcycle::sft, "vlm", vlm);
  BOOST_TEST(first_loss("sparse-sft", Stage::sft, 4, Upcycle::sft, "vlm", vlm) == tuned, tt::tolerance(1e-6));
  BOOST_TEST(first_loss("on", Stage::sft, 4, Upcycle::vlm, "vlm", with_experts) != tuned);

  // A file is upcycled like a stage.
  Experiment from_file = experts_recipe(Upcycle::llm);
  from_file.llm.init = (llm.folder / kModelFile).string();
  Experiment plain = from_file;
  plain.llm.moe.experts = 0;
  BOOST_TEST(run(job(Stage::llm, "file", from_file)).value(0, "loss") ==
                 run(job(Stage::llm, "plain", plain)).value(0, "loss"),
             tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(experts_come_in_under_mixtrals_names) {
  Experiment experiment = experts_recipe(Upcycle::none);
  run(job(Stage::llm, "first", experiment));
  Experiment next = experiment;
  next.llm.init = (scratch.path / "first/model.safetensors").string();
  next.train_llm.peak_lr = 0;
  run(job(Stage::llm, "second", next));
  BOOST_TEST(model_bytes("first") == model_bytes("second"));
  // A dense decoder is not taken for one with experts, nor the other way round.
  Experiment dense = next;
  dense.llm.moe.experts = 0;
  BOOST_TEST(message_of([&] {
               run(job(Stage::llm, "dense", dense));
             }).find("unexpected: model.layers.1.block_sparse_moe.") != std::string::npos);
  next.llm.moe.upcycle = Upcycle::llm;
  BOOST_TEST(message_of([&] {
               run(job(Stage::llm, "upcycled", next));
             }).find("missing: model.layers.1.mlp.") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(routing_is_measured_and_its_losses_are_minimised_but_not_reported_as_loss) {
  const auto trained = [&](const std::string& name, double balance, double z, double factor) {
    Experiment experiment = experts_recipe(Upcycle::none);
    experiment.llm.moe.load_balance_loss = balance;
    experiment.llm.moe.router_z_loss = z;
    experiment.llm.moe.capacity_factor = factor;
    experiment.train_llm.steps = 30;
    return run(job(Stage::llm, name, experiment));
  };
  const Outcome without = trained("without", 0, 0, 0), with = trained("with", 3, 1, 0),
                bounded = trained("bounded", 0, 0, 1);
  BOOST_TEST(with.value(0, "loss") == without.value(0, "loss"));
  BOOST_TEST(with.value(0, "grad_norm") != without.value(0, "grad_norm"));
  for (const char* loss : {"load_balance_loss", "router_z_loss"}) {
    BOOST_TEST(with.value(0, loss) == without.value(0, loss), loss);
    BOOST_TEST(with.value(29, loss) < without.value(29, loss), loss);
  }
  for (const Outcome* outcome : {&with, &without, &bounded}) {
    BOOST_TEST(outcome->value(29, "load_entropy") > 0);
    BOOST_TEST(outcome->value(29, "load_entropy") <= 1 + 1e-6);
    BOOST_TEST(outcome->value(29, "busiest_expert") >= 0.25);
    BOOST_TEST(outcome->value(29, "busiest_expert") <= 0.5);  // A token's two choices differ.
  }
  BOOST_TEST(without.value(0, "dropped_share") == 0);
  BOOST_TEST(bounded.value(0, "dropped_share") > 0.3);  // There are half as many seats as places for choices.
  Experiment dense = experts_recipe(Upcycle::vlm);
  BOOST_TEST(run(job(Stage::llm, "dense", dense)).metrics.front().second.count("load_entropy") == 0u);
}

BOOST_AUTO_TEST_CASE(metrics_of_routing_are_those_of_the_step_whatever_the_micro_batch) {
  Experiment experiment = experts_recipe(Upcycle::none);
  experiment.llm.moe.capacity_factor = 1.5;
  experiment.train_llm.steps = 1;
  const Outcome whole = run(job(Stage::llm, "whole", experiment));
  for (const std::int64_t size : {1, 2, 3}) {
    experiment.run.micro_batch = size;
    const Outcome parts = run(job(Stage::llm, "parts", experiment));
    for (const char* name : {"loss", "grad_norm", "load_balance_loss", "router_z_loss", "busiest_expert",
                             "load_entropy", "dropped_share"})
      BOOST_TEST(parts.value(0, name) == whole.value(0, name), tt::tolerance(1e-4));
  }
}

BOOST_AUTO_TEST_SUITE_END()
