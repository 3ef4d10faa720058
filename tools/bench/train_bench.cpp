// Times training steps, and hands the same model and batches to pytorch_reference.py.
//
//   train_bench export FOLDER [SETUP]
//   train_bench run FOLDER [HOW]
//   train_bench run --random [SETUP] [HOW]
//
// SETUP: --model quickstart|9m|85m|302m|1.2b [--batch B] [--seq-len T] [--steps N] [--threads N]
//        [--experts E] [--every N] [--capacity-factor C] (with run alone)
// HOW: [--device auto] [--precision fp32] [--recompute] [--graphs] [--deterministic]
//
// export writes config.json, model.safetensors (initial weights) and batches.safetensors (random tokens in
// packed documents, random pictures); run trains on them, or with --random on weights that are drawn at once,
// and prints one JSON object. On a GPU, profilers know the last step: ncu --nvtx-include "last step/".
#include <fmt/format.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "config/fields.hpp"
#include "config/names.hpp"
#include "model/compat.hpp"
#include "model/vision_language_model.hpp"
#include "plan/cost.hpp"
#include "train/device.hpp"
#include "train/learning_rate.hpp"
#include "train/memory.hpp"
#include "train/optimizer.hpp"
#include "train/stopwatch.hpp"
#include "train/weight_files.hpp"
#include "util/error.hpp"
#include "util/file.hpp"
#include "util/json.hpp"
#include "util/random.hpp"
#include "util/safetensors.hpp"

using namespace ablate;

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kBatches = 4;  ///< Steps go through them in turn.

struct Setup {
  Experiment recipe;
  bool pictures = false;
  std::int64_t threads = 1;
};

Setup make_setup(const std::string& model) {
  Setup setup;
  Experiment& recipe = setup.recipe;
  recipe.train_vlm = {
      .steps = 24, .batch = 8, .peak_lr = 1e-3, .warmup_steps = 4, .precision = Precision::fp32};
  if (model == "quickstart") {
    setup.pictures = true;
    apply_preset(recipe.llm, LlmPreset::m1);
    recipe.llm.vocab_size = 2048;
    recipe.encoder.resolution = 64;
    recipe.encoder.patch = 8;
    recipe.encoder.width = 128;
    recipe.encoder.layers = recipe.encoder.heads = 4;
    recipe.encoder.mlp_width = 512;
    recipe.connector = {.kind = ConnectorKind::average_pool, .tokens = 16};
    recipe.data.seq_len = 256;
    recipe.data.max_images = 4;
    recipe.train_vlm.batch = 16;
  } else {
    apply_preset(recipe.llm, from_name<LlmPreset>(model));
    recipe.data.seq_len = 512;
    recipe.data.max_images = 1;
  }
  return setup;
}

Json setup_to_json(const Setup& setup) {
  Json config = Json::object();
  for (const Field& field : fields()) {
    const std::string section = field.section();
    if (section != "encoder" && section != "connector" && section != "llm" && section != "data" &&
        section != "train.vlm")
      continue;
    const Value value = get_value(field, setup.recipe);
    std::visit([&](const auto& v) { config[section == "train.vlm" ? "train" : section][field.leaf()] = v; },
               value);
  }
  config["pictures"] = setup.pictures;
  config["threads"] = setup.threads;
  return config;
}

Setup setup_from_json(const Json& config) {
  Setup setup;
  for (const Field& field : fields()) {
    const std::string section = field.section() == "train.vlm" ? "train" : field.section();
    if (field.section() == "train.llm" || !config.contains(section) ||
        !config.at(section).contains(field.leaf()))
      continue;
    const Json& json = config.at(section).at(field.leaf());
    const Value now = get_value(field, setup.recipe);
    std::visit(
        [&](auto v) {
          v = json.get<decltype(v)>();
          set_value(field, setup.recipe, v);
        },
        now);
  }
  setup.pictures = config.at("pictures").get<bool>();
  setup.threads = config.at("threads").get<std::int64_t>();
  return setup;
}

/// Documents of 16 to 160 tokens; with pictures each begins with one, until the sequence has its most.
Sequence make_sequence(const Setup& setup, std::int64_t index) {
  const RandomStream random(0, fmt::format("bench {}", index));
  const std::int64_t T = setup.recipe.data.seq_len, R = setup.recipe.encoder.resolution;
  const std::int64_t k = setup.pictures ? visual_tokens(setup.recipe, R) : 0;
  Sequence sequence;
  std::int32_t document = 0;
  std::int64_t drawn = 0;
  while (static_cast<std::int64_t>(sequence.tokens.size()) < T) {
    const auto begin = static_cast<std::int64_t>(sequence.tokens.size());
    const auto images = static_cast<std::int64_t>(sequence.images.size());
    const bool pictured = setup.pictures && images < setup.recipe.data.max_images;
    const std::int64_t places = pictured ? k : 0;
    const std::int64_t length = std::min(
        T - begin,
        places + 16 + static_cast<std::int64_t>(random.below(145, 4 * static_cast<std::uint64_t>(drawn++))));
    if (length <= places) {
      sequence.tokens.resize(static_cast<std::size_t>(T), 0);
      sequence.positions.resize(static_cast<std::size_t>(T), 0);
      sequence.documents.resize(static_cast<std::size_t>(T), -1);
      sequence.labels.resize(static_cast<std::size_t>(T), kNoTarget);
      break;
    }
    if (pictured) sequence.images.push_back({.start = begin, .tokens = k, .views = 1});
    for (std::int64_t i = 0; i < length; ++i) {
      const std::uint64_t number = static_cast<std::uint64_t>(begin + i);
      const auto vocabulary = static_cast<std::uint64_t>(setup.recipe.llm.vocab_size);
      // Low numbers are frequent, so that there is something to learn.
      const std::uint64_t token =
          std::min(random.below(vocabulary, number, 1), random.below(vocabulary, number, 2));
      sequence.tokens.push_back(i < places ? 0 : static_cast<std::int32_t>(token));
      sequence.positions.push_back(static_cast<std::int32_t>(i));
      sequence.documents.push_back(document);
      sequence.labels.push_back(kNoTarget);
      if (i > places) sequence.labels[static_cast<std::size_t>(begin + i - 1)] = sequence.tokens.back();
    }
    ++document;
  }
  const std::size_t bytes = sequence.images.size() * static_cast<std::size_t>(R * R * 3);
  for (std::size_t i = 0; i < bytes; ++i)
    sequence.pixels.push_back(static_cast<std::uint8_t>(random.bits(i, 3) & 255));
  return sequence;
}

std::vector<Sequence> make_sequences(const Setup& setup, std::int64_t batch) {
  std::vector<Sequence> sequences;
  for (std::int64_t i = 0; i < setup.recipe.train_vlm.batch; ++i)
    sequences.push_back(make_sequence(setup, batch * setup.recipe.train_vlm.batch + i));
  return sequences;
}

void export_setup(const Setup& setup, const fs::path& folder) {
  make_directories(folder);
  write_file(folder / "config.json", setup_to_json(setup).dump(1) + "\n");
  VisionLanguageModel model(setup.recipe, setup.pictures ? setup.recipe.encoder.resolution : 0);
  initialise(model.weights(), 0);
  save_weights(folder / "model.safetensors", model.weights());

  std::vector<torch::Tensor> held;
  std::vector<StoredTensor> stored;
  const auto store = [&](std::string name, const torch::Tensor& tensor, const char* dtype) {
    held.push_back(tensor.contiguous());
    stored.push_back({std::move(name),
                      dtype,
                      tensor.sizes().vec(),
                      {static_cast<const std::byte*>(held.back().data_ptr()), held.back().nbytes()}});
  };
  const std::int64_t B = setup.recipe.train_vlm.batch, T = setup.recipe.data.seq_len;
  for (std::int64_t i = 0; i < kBatches; ++i) {
    const auto sequences = make_sequences(setup, i);
    const SequenceBatch batch = make_sequence_batch(sequences, setup.recipe.encoder.resolution,
                                                    setup.recipe.llm.vocab_size, torch::kCPU);
    const torch::Tensor documents = torch::empty({B, T}, torch::kInt32),
                        labels = torch::empty({B, T}, torch::kInt64);
    for (std::size_t b = 0; b < sequences.size(); ++b) {
      std::copy(sequences[b].documents.begin(), sequences[b].documents.end(),
                documents.data_ptr<std::int32_t>() + static_cast<std::int64_t>(b) * T);
      std::copy(sequences[b].labels.begin(), sequences[b].labels.end(),
                labels.data_ptr<std::int64_t>() + static_cast<std::int64_t>(b) * T);
    }
    store(fmt::format("{}.tokens", i), batch.tokens, "I64");
    store(fmt::format("{}.positions", i), batch.positions, "I32");
    store(fmt::format("{}.documents", i), documents, "I32");
    store(fmt::format("{}.labels", i), labels, "I64");
    if (!setup.pictures) continue;
    store(fmt::format("{}.pixels", i), batch.pixels, "U8");
    store(fmt::format("{}.visual_positions", i), batch.visual_positions, "I64");
  }
  write_safetensors(folder / "batches.safetensors", std::move(stored));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct RunOptions {
  fs::path folder;  ///< With the weights; empty: they are drawn.
  std::string device = "auto";
  Precision precision = Precision::fp32;
  bool recompute = false;
  bool graphs = false;  ///< Records forward and backward, as run.cuda_graphs does.
  bool deterministic = false;

  /// Steps that are not counted: a recording is made at the fourth.
  std::int64_t warmup() const { return graphs ? 6 : 2; }
};

/// What the steps take in turn, in the device's memory.
struct Batches {
  std::vector<SequenceBatch> sequences;
  SequenceBatch recorded;  ///< Of the same shapes, for a recording to overwrite.
  std::vector<torch::Tensor> target_weights;
  std::vector<double> tokens;      ///< Of each, without padding.
  double images = 0, targets = 0;  ///< Means.
};

Batches make_batches(const Setup& setup, const RunOptions& options, torch::Device device) {
  Batches made;
  const auto assemble = [&](const std::vector<Sequence>& sequences) {
    return copy_to_device(
        make_sequence_batch(sequences, setup.recipe.encoder.resolution, setup.recipe.llm.vocab_size, device),
        device);
  };
  for (std::int64_t i = 0; i < kBatches; ++i) {
    const auto sequences = make_sequences(setup, i);
    const SequenceBatch& batch = made.sequences.emplace_back(assemble(sequences));
    made.target_weights.push_back(torch::full({}, 1.0 / static_cast<double>(batch.targets.size(0)),
                                              torch::TensorOptions(torch::kFloat32).device(device)));
    made.images += static_cast<double>(batch.pixels.size(0)) / static_cast<double>(kBatches);
    made.targets += static_cast<double>(batch.targets.size(0)) / static_cast<double>(kBatches);
    double count = 0;
    for (const Sequence& sequence : sequences)
      count += static_cast<double>(std::count_if(sequence.documents.begin(), sequence.documents.end(),
                                                 [](std::int32_t document) { return document >= 0; }));
    made.tokens.push_back(count);
  }
  if (options.graphs) {
    std::int64_t documents = 0;
    for (const SequenceBatch& batch : made.sequences) documents = std::max(documents, count_documents(batch));
    for (SequenceBatch& batch : made.sequences) batch = to_fixed_shape(batch, documents);
    made.recorded = to_fixed_shape(assemble(make_sequences(setup, 0)), documents);
  }
  return made;
}

/// Weights as they start, by the generator of their device.
void draw_weights(const Weights& weights) {
  const torch::NoGradGuard no_grad;
  for (const Weight& weight : weights) {
    torch::Tensor tensor = weight.tensor;
    switch (weight.init.kind) {
      case Init::Kind::constant:
        tensor.fill_(weight.init.value);
        break;
      case Init::Kind::normal:
        tensor.normal_(0, weight.init.value);
        break;
      case Init::Kind::uniform:
        tensor.uniform_(-weight.init.value, weight.init.value);
        break;
    }
  }
}

VisionLanguageModel make_model(const Setup& setup, const RunOptions& options, torch::Device device) {
  const WeightDevice where(options.folder.empty() ? device : torch::Device(torch::kCPU));
  VisionLanguageModel model(setup.recipe, setup.pictures ? setup.recipe.encoder.resolution : 0);
  if (options.folder.empty())
    draw_weights(model.weights());
  else
    load_weights(model.weights(), {options.folder / "model.safetensors", "model", "", "", {}}, 1);
  model.compute = options.precision == Precision::bf16 ? torch::kBFloat16 : torch::kFloat32;
  model.set_recompute(options.recompute);
  model.decoder->train_routers(setup.recipe.train_vlm.batch);
  model.to(device);
  return model;
}

/// What a recording reads and writes: always the same tensors.
struct Recorded {
  Recorded(const Batches& batches, torch::Device device)
      : batch(batches.recorded),
        target_weight(batches.target_weights[0].clone()),
        loss(torch::zeros_like(target_weight)),
        graph(device) {}
  SequenceBatch batch;
  torch::Tensor target_weight, loss;
  compat::StepGraph graph;
};

struct Steps {
  std::vector<double> seconds, losses, norms;
};

Steps train_steps(const Train& train, const RunOptions& options, VisionLanguageModel& model,
                  Optimizer& optimizer, const Batches& batches, Stopwatch& watch, torch::Device device) {
  Recorded recorded(batches, device);
  const auto record_or_replay = [&](std::size_t i) {
    watch.start(Phase::data);
    copy_batch(batches.sequences[i], recorded.batch);
    recorded.target_weight.copy_(batches.target_weights[i]);
    watch.start(Phase::forward_backward);
    recorded.graph.run([&] {
      const torch::Tensor loss = model.loss(recorded.batch, recorded.target_weight, train.z_loss).total;
      loss.backward();
      recorded.loss.copy_(loss.detach());
    });
    return recorded.loss;
  };
  const auto pass = [&](std::size_t i) {
    watch.start(Phase::forward);
    const torch::Tensor loss =
        model.loss(batches.sequences[i], batches.target_weights[i], train.z_loss).total;
    watch.start(Phase::backward);
    loss.backward();
    return loss;
  };
  Steps steps;
  for (std::int64_t step = 1; step <= train.steps; ++step) {
    if (step == options.warmup() + 1) watch.reset();
    const auto i = static_cast<std::size_t>((step - 1) % kBatches);
    const bool is_marked = step == train.steps && device.is_cuda();
    synchronize(device);
    if (is_marked) compat::gpu_range_push("last step");
    const auto start = Clock::now();
    watch.start(Phase::optimizer);
    optimizer.zero_grad();
    const torch::Tensor loss = options.graphs ? record_or_replay(i) : pass(i);
    watch.start(Phase::optimizer);
    const torch::Tensor norm = optimizer.step(step, lr_at(step, train));
    watch.stop();
    synchronize(device);
    steps.seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    if (is_marked) compat::gpu_range_pop();
    steps.losses.push_back(loss.item<double>());
    steps.norms.push_back(norm.item<double>());
  }
  return steps;
}

void check(const Setup& setup, const RunOptions& options) {
  if (setup.recipe.train_vlm.steps <= options.warmup())
    throw Error(fmt::format("--steps: found {}; expected more than the {} of the warm-up",
                            setup.recipe.train_vlm.steps, options.warmup()));
  if (options.graphs && setup.pictures)
    throw Error("--graphs: found a model with pictures; expected one without, such as 9m");
}

Json run_setup(const Setup& setup, const RunOptions& options) {
  check(setup, options);
  Train train = setup.recipe.train_vlm;
  train.precision = options.precision;
  const torch::Device device = choose_device(options.device);
  set_up_device(device, setup.threads);
  if (options.deterministic) compat::ask_for_determinism(true);
  keep_freed_memory();
  VisionLanguageModel model = make_model(setup, options, device);
  Optimizer optimizer(model, train);
  Stopwatch watch(device);
  const Batches batches = make_batches(setup, options, device);
  const Steps done = train_steps(train, options, model, optimizer, batches, watch, device);

  const double steps = static_cast<double>(train.steps - options.warmup());
  const double middle = median({done.seconds.begin() + options.warmup(), done.seconds.end()});
  const Stage stage = setup.pictures ? Stage::vlm : Stage::llm;
  const double step_flops = training_flops(setup.recipe, stage)
                                .step(static_cast<double>(train.batch), batches.targets, batches.images);
  const double memory = peak_memory(device);  // Before the matrix products, which start it anew.
  const double rate = measure_matmul_rate(device, model.compute), peak = device_peak(device);
  Json result = {{"torch", TORCH_VERSION},
                 {"device", device_name(device, setup.threads)},
                 {"threads", setup.threads},
                 {"precision", to_name(options.precision)},
                 {"losses", done.losses},
                 {"grad_norms", done.norms},
                 {"seconds_per_step", middle},
                 {"tokens_per_second", median(batches.tokens) / middle},
                 {"flops_per_second", step_flops / middle},
                 {"matmul_rate", rate},
                 {"matmul_share", step_flops / middle / rate},
                 {"seconds_forward", watch.seconds(Phase::forward) / steps},
                 {"seconds_backward", watch.seconds(Phase::backward) / steps},
                 {"seconds_forward_backward", watch.seconds(Phase::forward_backward) / steps},
                 {"seconds_optimizer", watch.seconds(Phase::optimizer) / steps},
                 {"peak_memory_bytes", memory}};
  if (peak > 0) result["mfu"] = step_flops / middle / peak;
  return result;
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("Times training steps of Ablate's models.");
  app.require_subcommand(1);
  std::string model = "quickstart", precision = "fp32";
  std::int64_t batch = 0, seq_len = 0, steps = 0, threads = 1;
  RunOptions options;
  bool random = false;
  CLI::App* exported = app.add_subcommand("export", "Writes model and batches");
  CLI::App* run = app.add_subcommand("run", "Trains on them, prints JSON");
  exported->add_option("FOLDER", options.folder)->required();
  CLI::Option* folder = run->add_option("FOLDER", options.folder);
  CLI::Option* drawn =
      run->add_flag("--random", random, "Without a folder: draws the weights")->excludes(folder);
  for (CLI::App* command : {exported, run}) {
    const std::vector<CLI::Option*> setup = {
        command->add_option("--model", model, "quickstart, or a preset of llm.preset: 9m, 85m, ..."),
        command->add_option("--batch", batch, "Sequences in a step"),
        command->add_option("--seq-len", seq_len, "Positions of a sequence"),
        command->add_option("--steps", steps), command->add_option("--threads", threads, "CPU threads")};
    if (command == run)
      for (CLI::Option* option : setup) option->needs(drawn);
  }
  Moe moe{.every = 1, .upcycle = Upcycle::none};
  for (CLI::Option* option :
       {run->add_option("--experts", moe.experts, "In place of MLPs; a token goes to two of them"),
        run->add_option("--every", moe.every, "Blocks of which one has experts"),
        run->add_option("--capacity-factor", moe.capacity_factor)})
    option->needs(drawn);
  run->add_option("--device", options.device);
  run->add_option("--precision", precision)->check(CLI::IsMember({"fp32", "bf16"}));
  run->add_flag("--recompute", options.recompute, "Activation checkpointing");
  run->add_flag("--graphs", options.graphs, "Records forward and backward (CUDA graphs)");
  run->add_flag("--deterministic", options.deterministic, "Algorithms that give the same bits each time");
  CLI11_PARSE(app, argc, argv);
  if (*run && !random && options.folder.empty())
    throw Error("run: found neither FOLDER nor --random; expected one");
  Setup setup;
  if (*run && !random) {
    setup = setup_from_json(load_json(options.folder / "config.json"));
  } else {
    setup = make_setup(model);
    if (batch > 0) setup.recipe.train_vlm.batch = batch;
    if (seq_len > 0) setup.recipe.data.seq_len = seq_len;
    if (steps > 0) setup.recipe.train_vlm.steps = steps;
    setup.threads = threads;
    setup.recipe.llm.moe = moe;
  }
  if (*exported) {
    export_setup(setup, options.folder);
  } else {
    options.precision = from_name<Precision>(precision);
    fmt::print("{}\n", run_setup(setup, options).dump(1));
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "train_bench: %s\n", error.what());
  return 2;
}
