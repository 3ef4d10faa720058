#include "train/train.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "config/canonical.hpp"
#include "config/names.hpp"
#include "data/loader.hpp"
#include "data/recipe.hpp"
#include "fixture.hpp"
#include "train/convergence.hpp"
#include "util/error.hpp"
#include "util/safetensors.hpp"

using namespace ablate;
namespace tt = boost::test_tools;
namespace fs = std::filesystem;

namespace {

bool says(const std::string& message, const std::string& part) {
  if (message.find(part) != std::string::npos && message.find('\n') == std::string::npos) return true;
  BOOST_TEST_MESSAGE(message);
  return false;
}

/// The largest difference between two model files.
double difference(const fs::path& a, const fs::path& b) {
  const SafetensorsFile first(a), second(b);
  double most = 0;
  for (const StoredTensor& tensor : first.tensors()) {
    const auto* x = reinterpret_cast<const float*>(tensor.bytes.data());
    const auto* y = reinterpret_cast<const float*>(second.find(tensor.name)->bytes.data());
    for (std::int64_t i = 0; i < tensor.count(); ++i) most = std::max<double>(most, std::abs(x[i] - y[i]));
  }
  return most;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(training, TrainingFixture)

BOOST_AUTO_TEST_CASE(every_stage_and_loss_resumes_to_the_same_bits) {
  for (const TrainedVariant& variant : kTrainedVariants) {
    BOOST_TEST_CONTEXT(name_of(variant)) {
      Experiment experiment = recipe(variant);
      for (Train* train : {&experiment.train_encoder, &experiment.train_llm, &experiment.train_vlm})
        train->ema = 0.9;
      const std::string name = name_of(variant);
      const Outcome whole = run(job(variant.stage, name, experiment));
      BOOST_TEST(whole.metrics.size() == 6u);
      for (const std::int64_t stop : {1, 4}) {
        const TrainingJob first = job(variant.stage, name + "-first", experiment);
        const Outcome begun = run(first, stop + 1);
        BOOST_TEST(!begun.detail);
        BOOST_TEST((begun.checkpoints.back() == std::pair{stop, "checkpoint-" + std::to_string(stop)}));
        TrainingJob second = job(variant.stage, name + "-second", experiment);
        second.resume_path = first.folder / begun.checkpoints.back().second;
        second.resume_step = stop;
        const Outcome resumed = run(second);
        BOOST_TEST(model_bytes(name) == model_bytes(name + "-second"));
        BOOST_TEST(resumed.value(resumed.metrics.size() - 1, "loss") == whole.value(5, "loss"));
        for (const char* key : {"data", "flops", "tokens", "images"})
          BOOST_TEST((*resumed.detail)[key] == (*whole.detail)[key]);
        BOOST_TEST((*resumed.detail)["training_seconds"] > 0);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_size_of_micro_batches_changes_rounding_alone) {
  for (const TrainedVariant& variant : kTrainedVariants) {
    BOOST_TEST_CONTEXT(name_of(variant)) {
      Experiment experiment = recipe(variant);
      const std::string name = name_of(variant);
      const Outcome whole = run(job(variant.stage, name, experiment));
      experiment.run.micro_batch = experiment.run.encoder_micro_batch = 2;
      TrainingJob halved = job(variant.stage, name + "-parts", experiment);
      halved.micro_batch_halvings = 1;
      const Outcome parts = run(halved);
      BOOST_TEST(parts.value(0, "loss") == whole.value(0, "loss"), tt::tolerance(1e-5));
      BOOST_TEST(parts.value(0, "grad_norm") == whole.value(0, "grad_norm"), tt::tolerance(1e-3));
      BOOST_TEST(parts.value(5, "loss") == whole.value(5, "loss"), tt::tolerance(1e-2));
    }
  }
}

BOOST_AUTO_TEST_CASE(nothing_of_how_it_is_run_changes_a_training) {
  for (const TrainedVariant& variant : kTrainedVariants) {
    Experiment experiment = recipe(variant);
    for (Train* train : {&experiment.train_encoder, &experiment.train_llm, &experiment.train_vlm})
      train->steps = 3;
    experiment.run = {.log_interval = 1, .checkpoint_interval = 100};
    const Outcome usual = run(job(variant.stage, "usual", experiment));
    for (const RunVariant& other : run_variants(experiment)) {
      BOOST_TEST_CONTEXT(name_of(variant) << ": " << other.name) {
        experiment.run = other.run;
        TrainingJob changed = job(variant.stage, "other", experiment);
        changed.threads = other.threads;
        changed.micro_batch_halvings = other.micro_batch_halvings;
        const Outcome outcome = run(changed);
        for (const auto& [step, values] : outcome.metrics) {
          const double loss = usual.value(static_cast<std::size_t>(step) - 1, "loss");
          if (other.rounds)
            BOOST_TEST(values.at("loss") == loss, tt::tolerance(step == 1 ? 1e-5 : 2e-3));
          else
            BOOST_TEST(values.at("loss") == loss);
        }
        if (!other.rounds) BOOST_TEST(model_bytes("other") == model_bytes("usual"));
        fs::remove_all(changed.folder);
      }
    }
    fs::remove_all(scratch.path / "usual");
  }
}

BOOST_AUTO_TEST_CASE(a_decoder_learns_and_its_first_loss_is_that_of_chance) {
  Experiment experiment = recipe();
  experiment.train_llm.steps = 60;
  const Outcome outcome = run(job(Stage::llm, "llm", experiment));
  BOOST_TEST(outcome.value(0, "loss") == std::log(1024.0), tt::tolerance(0.02));
  BOOST_TEST(outcome.value(59, "loss") < outcome.value(0, "loss") - 1);
  const auto& last = outcome.metrics.back().second;
  for (const char* name :
       {"grad_norm", "lr", "tokens_per_second", "flops_per_second", "matmul_share", "seconds_step",
        "seconds_forward", "seconds_backward", "seconds_optimizer", "memory_bytes", "fill"})
    BOOST_TEST(last.count(name) == 1u, name);
  BOOST_TEST((*outcome.detail)["parameters"] == (*outcome.detail)["trainable_parameters"]);
}

BOOST_AUTO_TEST_CASE(the_heads_work_is_that_at_the_targets) {
  for (const Stage stage : {Stage::llm, Stage::vlm}) {
    Experiment small = recipe(), large = recipe();
    large.llm.vocab_size += 1000;
    SequenceLoader loader(mixture_of(small, stage, /*seed=*/5),
                          std::make_shared<const Tokenizer>(small.data.tokenizer), {});
    std::int64_t targets = 0, positions = 0;
    for (std::int64_t i = 0; i < 6 * 4; ++i) {
      const Sequence sequence = loader.next();
      targets += std::count_if(sequence.labels.begin(), sequence.labels.end(),
                               [](std::int32_t label) { return label >= 0; });
      positions += std::ssize(sequence.labels);
    }
    BOOST_TEST(targets < positions);
    const std::string name = to_name(stage);
    const double difference = (*run(job(stage, name + "-large", large)).detail)["flops"].get<double>() -
                              (*run(job(stage, name + "-small", small)).detail)["flops"].get<double>();
    BOOST_TEST(difference == 3.0 * 2 * 16 * 1000 * static_cast<double>(targets), tt::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(stages_hand_on_their_weights) {
  run(job(Stage::encoder, "encoder"));
  run(job(Stage::llm, "llm"));
  Experiment experiment = recipe();
  experiment.train_vlm.freeze = {ModelPart::encoder, ModelPart::llm};
  experiment.train_vlm.resolution = 56;  // positions are interpolated
  TrainingJob vlm = job(Stage::vlm, "vlm", experiment);
  vlm.parents = {{"encoder", scratch.path / "encoder"}, {"llm", scratch.path / "llm"}};
  const Outcome outcome = run(vlm);
  BOOST_TEST((*outcome.detail)["trainable_parameters"].get<std::int64_t>() <
             (*outcome.detail)["parameters"].get<std::int64_t>() / 2);
  const SafetensorsFile trained(vlm.folder / "model.safetensors"),
      llm(scratch.path / "llm/model.safetensors"), encoder(scratch.path / "encoder/model.safetensors");
  const auto same = [](const StoredTensor* a, const StoredTensor* b) {
    return a && b && std::equal(a->bytes.begin(), a->bytes.end(), b->bytes.begin(), b->bytes.end());
  };
  for (const StoredTensor& tensor : llm.tensors())
    BOOST_TEST(same(&tensor, trained.find("language_model." + tensor.name)), tensor.name);
  BOOST_TEST(same(encoder.find("vision_model.embeddings.patch_embedding.weight"),
                  trained.find("vision_tower.vision_model.embeddings.patch_embedding.weight")));
  BOOST_TEST(trained.find("vision_tower.vision_model.embeddings.position_embedding.weight")->shape[0] == 17);
}

BOOST_AUTO_TEST_CASE(a_recipe_in_canonical_form_trains_to_the_same_bits) {
  // Jobs are told apart by that form, and get it.
  run(job(Stage::encoder, "encoder"));
  const auto check = [&](const std::string& name, const Experiment& experiment) {
    std::optional<Experiment> room;
    const Experiment& form = canonical(experiment, Stage::vlm, {}, room);
    BOOST_TEST(room.has_value());
    TrainingJob written = job(Stage::vlm, name, experiment), formed = job(Stage::vlm, name + "-form", form);
    if (experiment.encoder.loss == EncoderLoss::clip)
      written.parents = formed.parents = {{"encoder", scratch.path / "encoder"}};
    run(written);
    run(formed);
    BOOST_TEST(model_bytes(name) == model_bytes(name + "-form"), name);
  };
  Experiment experiment = recipe();
  experiment.train_vlm.resolution = 56;
  check("resolution", experiment);
  experiment.encoder.loss = EncoderLoss::none;
  check("resolution-none", experiment);
  experiment = recipe();
  experiment.train_vlm.freeze = {ModelPart::llm, ModelPart::encoder};
  experiment.data.mix = {9, 9, 2};
  check("frozen-and-mixed", experiment);
}

BOOST_AUTO_TEST_CASE(cells_of_one_seed_start_from_the_same_weights_where_names_and_shapes_agree) {
  Experiment one = recipe(), other = recipe();
  one.train_vlm.steps = other.train_vlm.steps = 1;
  one.train_vlm.warmup_steps = other.train_vlm.warmup_steps = 0;
  one.train_vlm.peak_lr = other.train_vlm.peak_lr = 0;
  other.connector.kind = ConnectorKind::mlp;
  run(job(Stage::vlm, "one", one));
  run(job(Stage::vlm, "other", other));
  const SafetensorsFile first(scratch.path / "one/model.safetensors"),
      second(scratch.path / "other/model.safetensors");
  std::size_t shared = 0;
  for (const StoredTensor& tensor : first.tensors())
    if (const StoredTensor* twin = second.find(tensor.name)) {
      ++shared;
      BOOST_TEST(std::equal(tensor.bytes.begin(), tensor.bytes.end(), twin->bytes.begin(), twin->bytes.end()),
                 tensor.name);
    }
  BOOST_TEST(shared > 40u);
}

BOOST_AUTO_TEST_CASE(recomputation_changes_no_bit) {
  Experiment experiment = recipe();
  run(job(Stage::vlm, "kept", experiment));
  experiment.run.activation_checkpointing = true;
  run(job(Stage::vlm, "recomputed", experiment));
  BOOST_TEST(difference(scratch.path / "kept/model.safetensors",
                        scratch.path / "recomputed/model.safetensors") == 0);
}

BOOST_AUTO_TEST_CASE(a_step_of_fixed_shape_computes_the_same) {
  // What a recording works on; the recording itself takes a GPU.
  Experiment experiment = recipe();
  experiment.run.micro_batch = 2;
  const Outcome plain = run(job(Stage::llm, "plain", experiment));
  experiment.run.cuda_graphs = true;
  const Outcome fixed = run(job(Stage::llm, "fixed", experiment));
  for (std::size_t i = 0; i < plain.metrics.size(); ++i) {
    BOOST_TEST(fixed.value(i, "loss") == plain.value(i, "loss"), tt::tolerance(1e-4));
    BOOST_TEST(fixed.value(i, "grad_norm") == plain.value(i, "grad_norm"), tt::tolerance(1e-3));
  }
}

BOOST_AUTO_TEST_CASE(the_last_checkpoints_are_kept_and_no_unfinished_one_is_left) {
  Experiment experiment = recipe();
  experiment.run.checkpoint_interval = 1;
  const Outcome outcome = run(job(Stage::llm, "llm", experiment));
  BOOST_TEST(outcome.checkpoints.size() == 5u);
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(scratch.path / "llm")) left.insert(entry.path().filename());
  BOOST_TEST((left == std::set<std::string>{"checkpoint-4", "checkpoint-5", "model.safetensors"}));
}

BOOST_AUTO_TEST_CASE(a_training_that_blows_up_says_when_and_with_which_values) {
  Experiment experiment = recipe();
  experiment.train_llm = {.steps = 50,
                          .batch = 4,
                          .peak_lr = 10,
                          .warmup_steps = 0,
                          .schedule = LrSchedule::constant,
                          .weight_decay = 10,
                          .grad_clip = 0,
                          .precision = Precision::fp32};
  try {
    run(job(Stage::llm, "llm", experiment));
    BOOST_ERROR("did not diverge");
  } catch (const Diverged& diverged) {
    BOOST_TEST(says(diverged.what(), "diverged by step "));
    BOOST_TEST(says(diverged.what(), "loss "));
    BOOST_TEST(says(diverged.what(), "learning rate 10"));
  }
}

BOOST_AUTO_TEST_CASE(bf16_on_a_cpu_is_for_those_who_ask) {
  Experiment asking = recipe();
  asking.train_llm.precision = Precision::bf16;
  asking.run.cpu_bf16 = true;
  const TrainingJob half = job(Stage::llm, "bf16", asking);
  const Outcome found = run(half), exact = run(job(Stage::llm, "fp32"));
  for (std::size_t i = 0; i < exact.metrics.size(); ++i) {
    BOOST_TEST(found.value(i, "loss") == exact.value(i, "loss"), tt::tolerance(0.02));
    BOOST_TEST(found.value(i, "loss") != exact.value(i, "loss"));
  }
}

BOOST_AUTO_TEST_CASE(wrong_input_is_explained_in_one_line_and_writes_nothing) {
  const auto message = [&](Stage stage, const std::function<void(Experiment&, TrainingJob&)>& change) {
    TrainingJob wrong = job(stage, "wrong");
    change(wrong.experiment, wrong);
    const std::string text = message_of([&] { run(wrong); });
    BOOST_TEST(fs::is_empty(wrong.folder));
    return text;
  };
  BOOST_TEST(says(message(Stage::llm, [](Experiment& e, TrainingJob&) { e.llm.vocab_size = 1000; }),
                  "llm.vocab_size: found 1000; expected at least 1024"));
  BOOST_TEST(
      says(message(Stage::encoder, [](Experiment& e, TrainingJob&) { e.encoder.text.vocab_size = 1000; }),
           "encoder.text.vocab_size: found 1000; expected at least 1024"));
  BOOST_TEST(says(message(Stage::llm, [](Experiment& e, TrainingJob&) { e.data.tokenizer = ""; }),
                  "data.tokenizer"));
  BOOST_TEST(says(message(Stage::llm, [](Experiment& e, TrainingJob&) { e.data.text = {}; }), "data.text"));
  BOOST_TEST(says(message(Stage::encoder, [](Experiment& e, TrainingJob&) { e.data.encoder = {}; }),
                  "data.encoder"));
  BOOST_TEST(
      says(message(Stage::llm, [](Experiment& e, TrainingJob&) { e.train_llm.precision = Precision::bf16; }),
           "train.llm.precision: found bf16; expected fp32 on a CPU, or run.cpu_bf16 = true"));
  BOOST_TEST(
      says(message(Stage::llm, [](Experiment&, TrainingJob& j) { j.device = "cuda"; }), "sees no GPU"));
  BOOST_TEST(says(
      message(Stage::llm, [](Experiment& e, TrainingJob&) { e.llm.init = "/nowhere/model.safetensors"; }),
      "/nowhere/model.safetensors"));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_another_training_is_refused) {
  const Outcome trained = run(job(Stage::llm, "llm"));
  const fs::path checkpoint = scratch.path / "llm/checkpoint-4";
  const auto message = [&](const std::function<void(TrainingJob&)>& change) {
    TrainingJob wrong = job(Stage::llm, "wrong");
    wrong.resume_path = checkpoint;
    wrong.resume_step = 4;
    change(wrong);
    return message_of([&] { run(wrong); });
  };
  BOOST_TEST(message([](TrainingJob&) {}) == "no error");
  fs::remove_all(scratch.path / "wrong");
  BOOST_TEST(says(message([](TrainingJob& j) { j.resume_step = 3; }), "'step': found 4; expected 3"));
  BOOST_TEST(says(message([](TrainingJob& j) { j.seed = 6; }), "'seed': found 5; expected 6"));
  BOOST_TEST(says(message([](TrainingJob& j) { j.experiment.llm.mlp_width = 48; }), "of another shape"));
  BOOST_TEST(says(message([](TrainingJob& j) { j.experiment.llm.layers = 1; }), "unexpected"));
  BOOST_TEST(says(message([](TrainingJob& j) { j.experiment.llm.layers = 3; }), "missing"));
  fs::resize_file(checkpoint / "optimizer.safetensors", 5000);
  BOOST_TEST(says(message([](TrainingJob&) {}), "optimizer.safetensors"));
}

BOOST_AUTO_TEST_SUITE_END()
