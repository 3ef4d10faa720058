// What runs on a GPU, held against the CPU in fp32: kernels with their gradients, and whole trainings. With
// ABLATE_GPU_TESTS_ON_CPU=1 the CPU stands in for the GPU: bf16 is then held to fp32 there.
#include <torch/torch.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string_view>

#include "config/names.hpp"
#include "model/kernels.hpp"
#include "train/device.hpp"
#include "train/fixture.hpp"

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

/// Whether a CPU stands in for the GPU.
bool on_cpu() {
  const char* asked = std::getenv("ABLATE_GPU_TESTS_ON_CPU");
  return asked && std::string_view(asked) == "1";
}
torch::DeviceType gpu() { return on_cpu() ? torch::kCPU : torch::kCUDA; }
const char* gpu_device() { return on_cpu() ? "cpu" : "cuda"; }  ///< The same for a job.

bool runs() { return on_cpu() || torch::cuda::is_available(); }
tt::assertion_result has_gpu(boost::unit_test::test_unit_id) {
  tt::assertion_result result(runs());
  result.message() << "LibTorch sees no GPU";
  return result;
}
/// A CPU's memory is the machine's: other programs would run out of it, too.
tt::assertion_result has_memory_of_its_own(boost::unit_test::test_unit_id) {
  tt::assertion_result result(!on_cpu());
  result.message() << "a CPU stands in for the GPU";
  return result;
}

/// Says what will happen, at every level of logging, and makes the arithmetic exact.
struct GpuSession {
  GpuSession() {
    // ctest looks for this line (tests/CMakeLists.txt).
    if (!runs()) std::puts("gpu_tests: LibTorch sees no GPU: all cases are skipped");
    BOOST_TEST_MESSAGE("GPUs: " << torch::cuda::device_count());
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);
  }
};
BOOST_TEST_GLOBAL_FIXTURE(GpuSession);

using Tensors = std::vector<torch::Tensor>;

torch::Tensor noise(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, torch::make_generator<at::CPUGeneratorImpl>(seed), torch::kFloat32);
}

/// The greatest difference as a share of the greatest value.
double distance(const torch::Tensor& got, const torch::Tensor& want) {
  BOOST_REQUIRE_EQUAL(got.sizes(), want.sizes());
  const torch::Tensor x = got.detach().to(torch::kCPU, torch::kFloat64),
                      y = want.detach().to(torch::kFloat64);
  return (x - y).abs().max().item<double>() / y.abs().max().clamp_min(1e-12).item<double>();
}

/// A kernel's arguments: activations come in the number format of the arithmetic, weights in fp32.
struct KernelInputs {
  Tensors activations, weights;
};
using Kernel = std::function<torch::Tensor(const Tensors& inputs, torch::Device device)>;

/// The result, then the gradients of all inputs for a fixed gradient of the result.
Tensors with_gradients(const Kernel& compute, const KernelInputs& inputs, torch::Device device,
                       torch::ScalarType type) {
  Tensors leaves;
  const auto add = [&](const Tensors& tensors, torch::ScalarType of) {
    for (const torch::Tensor& x : tensors)
      leaves.push_back(x.detach().to(device, of, /*non_blocking=*/false, /*copy=*/true).requires_grad_(true));
  };
  add(inputs.activations, type);
  add(inputs.weights, torch::kFloat32);
  const torch::Tensor result = compute(leaves, device);
  BOOST_TEST((result.device().type() == device.type()));
  const torch::Tensor gradient = noise(result.sizes(), 99).to(torch::kBFloat16);  // Exact in either format.
  Tensors all = torch::autograd::grad({result}, leaves, {gradient.to(device, result.scalar_type())});
  all.insert(all.begin(), result.detach());
  return all;
}

struct Tolerances {
  double fp32 = 1e-4, bf16 = 4e-2;
};

/// Compares the GPU's arithmetic in both formats with the CPU's fp32, of the very same numbers.
void expect_agreement(const Kernel& compute, const KernelInputs& inputs, const Tolerances& tolerances = {}) {
  KernelInputs rounded = inputs;
  for (torch::Tensor& x : rounded.activations) x = x.to(torch::kBFloat16).to(torch::kFloat32);
  const Tensors want = with_gradients(compute, rounded, torch::kCPU, torch::kFloat32);
  for (const torch::ScalarType type : {torch::kFloat32, torch::kBFloat16}) {
    const Tensors got = with_gradients(compute, rounded, gpu(), type);
    const double tolerance = type == torch::kBFloat16 ? tolerances.bf16 : tolerances.fp32;
    for (std::size_t i = 0; i < want.size(); ++i) {
      const double found = distance(got[i], want[i]);
      BOOST_TEST_MESSAGE("  " << torch::toString(type) << " tensor " << i << ": " << found);
      BOOST_TEST(found < tolerance, torch::toString(type) << " tensor " << i << ": " << found);
    }
  }
}

/// Rows of two and three documents, and of padding at the end.
torch::Tensor packed_documents(std::int64_t rows, std::int64_t tokens) {
  const torch::Tensor documents = torch::empty({rows, tokens}, torch::kInt32);
  auto numbers = documents.accessor<std::int32_t, 2>();
  for (std::int64_t b = 0; b < rows; ++b)
    for (std::int64_t t = 0; t < tokens; ++t)
      numbers[b][t] = t >= tokens - 3 ? -1 : static_cast<std::int32_t>(t * (b + 2) / tokens);
  return documents;
}

struct NamedVisibility {
  const char* name;
  Visibility visibility;
};
std::vector<NamedVisibility> all_visibilities(std::int64_t rows, std::int64_t tokens, torch::Device device) {
  return {{"full", see_all(tokens, device)},
          {"causal", see_causal(tokens, device)},
          {"prefix", see_prefix((torch::arange(rows) * tokens / (rows + 1) + 1).to(device), tokens)},
          {"documents", see_documents(packed_documents(rows, tokens), device)}};
}

struct GpuTraining : TrainingFixture {
  static Experiment variant_recipe(const TrainedVariant& variant, Precision precision) {
    Experiment experiment = recipe(variant);
    experiment.run.cpu_bf16 = true;
    // Wide enough that the rounding of single numbers evens out.
    for (std::int64_t* width : {&experiment.encoder.width, &experiment.encoder.text.width,
                                &experiment.encoder.text.embed_width, &experiment.llm.width})
      *width = 128;
    for (Train* train : {&experiment.train_encoder, &experiment.train_llm, &experiment.train_vlm}) {
      train->steps = 24;
      train->batch = 16;
      train->peak_lr = 1e-3;
      train->precision = precision;
    }
    return experiment;
  }
  Outcome train_on(const std::string& device, Stage stage, const std::string& name,
                   const Experiment& experiment) const {
    TrainingJob made = job(stage, name, experiment);
    made.device = device;
    return run(made);
  }
  /// The mean loss of some steps.
  static double mean_loss(const Outcome& outcome, std::size_t first, std::size_t count) {
    double sum = 0;
    for (std::size_t i = first; i < first + count; ++i) sum += outcome.value(i, "loss");
    return sum / static_cast<double>(count);
  }
};

/// Each loss within `tolerance` of the CPU's, as a share of it; of one that has become small, as a share of
/// a tenth of the first.
void expect_losses(const TrainingFixture::Outcome& got, const TrainingFixture::Outcome& want,
                   double tolerance) {
  BOOST_TEST_REQUIRE(got.metrics.size() == want.metrics.size());
  double most = 0;
  for (std::size_t i = 0; i < want.metrics.size(); ++i) {
    const double exact = want.value(i, "loss"), found = got.value(i, "loss");
    const double scale = std::max(std::abs(exact), std::abs(want.value(0, "loss")) / 10);
    most = std::max(most, std::abs(found - exact) / scale);
    BOOST_TEST(std::abs(found - exact) < tolerance * scale,
               "step " << i + 1 << ": " << found << ", on the CPU " << exact);
  }
  BOOST_TEST_MESSAGE("  losses differ by at most " << most);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(on_a_gpu, *boost::unit_test::precondition(has_gpu))

BOOST_AUTO_TEST_CASE(rms_norm_agrees_with_the_cpu) {
  for (const std::int64_t width : {80, 768, 1024, 4096, 10000})
    expect_agreement([](const Tensors& in, torch::Device) { return rms_norm(in[0], in[1], 1e-5); },
                     {{noise({3, 37, width}, 1) * 3}, {noise({width}, 2)}});
}

BOOST_AUTO_TEST_CASE(layer_norm_agrees_with_the_cpu) {
  for (const std::int64_t width : {80, 768, 1024})
    expect_agreement([](const Tensors& in, torch::Device) { return layer_norm(in[0], in[1], in[2], 1e-5); },
                     {{noise({3, 37, width}, 1) * 3 + 1}, {noise({width}, 2), noise({width}, 3)}});
}

BOOST_AUTO_TEST_CASE(swiglu_agrees_with_the_cpu) {
  for (const std::int64_t width : {7, 352})
    expect_agreement([](const Tensors& in, torch::Device) { return swiglu(in[0]); },
                     {{noise({3, 37, 2 * width}, 1) * 4}, {}});
}

BOOST_AUTO_TEST_CASE(attention_agrees_with_the_cpu) {
  struct Shape {
    std::int64_t B, T, H, K, C;
  };
  for (const Shape& s : {Shape{2, 130, 4, 4, 32}, Shape{2, 128, 4, 2, 64}, Shape{3, 77, 6, 1, 80}})
    for (std::size_t kind = 0; kind < all_visibilities(s.B, s.T, torch::kCPU).size(); ++kind)
      for (const bool rotates : {false, true}) {
        const Kernel compute = [&](const Tensors& in, torch::Device device) {
          const torch::Tensor positions = torch::arange(s.T).unsqueeze(0).to(device);
          const torch::Tensor made =
              attention(in[0], s.H, s.K, all_visibilities(s.B, s.T, device)[kind].visibility,
                        rotates ? make_rotary(positions, s.C, 1e4) : Rotary{});
          // Nothing reads what padding sees.
          return made * (packed_documents(s.B, s.T) >= 0).unsqueeze(2).to(device, made.scalar_type());
        };
        const char* name = all_visibilities(s.B, s.T, torch::kCPU)[kind].name;
        BOOST_TEST_MESSAGE(name << ", T " << s.T);
        BOOST_TEST_CONTEXT(name << ", T " << s.T << ", heads " << s.H << " and " << s.K << ", C " << s.C
                                << (rotates ? ", rotated" : "")) {
          expect_agreement(compute, {{noise({s.B, s.T, (s.H + 2 * s.K) * s.C}, 1)}, {}});
        }
      }
}

BOOST_AUTO_TEST_CASE(documents_of_a_pack_do_not_touch_each_other) {
  const std::int64_t T = 96, C = 32;
  for (const torch::ScalarType type : {torch::kFloat32, torch::kBFloat16}) {
    const Visibility visibility = see_documents(packed_documents(1, T), gpu());
    const torch::Tensor qkv = noise({1, T, 8 * C}, 1).to(torch::Device(gpu()), type);
    torch::Tensor changed = qkv.clone();
    changed.narrow(1, T / 2, T / 2).mul_(-17).add_(3);  // All but the first document.
    const auto first_half = [&](const torch::Tensor& x) {
      return attention(x, 4, 2, visibility, {}).narrow(1, 0, T / 2);
    };
    BOOST_TEST(distance(first_half(changed), first_half(qkv).cpu()) == 0);
  }
}

BOOST_AUTO_TEST_CASE(head_loss_agrees_with_the_cpu_whole_and_in_chunks) {
  const std::int64_t N = 150, D = 64, V = 1031;
  const torch::Tensor targets = (torch::arange(N) * 7919) % V, weights = noise({N}, 3).abs() / N;
  const KernelInputs inputs{{noise({N, D}, 1)}, {noise({V, D}, 2) / std::sqrt(static_cast<double>(D))}};
  for (const std::int64_t chunk_rows : {0, 1, 64, 1000})
    for (const double z_loss : {0.0, 1e-2})
      BOOST_TEST_CONTEXT("chunk_rows " << chunk_rows << ", z_loss " << z_loss) {
        expect_agreement(
            [&](const Tensors& in, torch::Device device) {
              return head_loss(in[0], in[1], targets.to(device), weights.to(device), z_loss, chunk_rows)
                  .total;
            },
            inputs);
      }

  const auto cross_entropy = [&](torch::Device device, torch::ScalarType type, std::int64_t chunk_rows) {
    return head_loss(inputs.activations[0].to(device, type), inputs.weights[0].to(device), targets.to(device),
                     weights.to(device), 0, chunk_rows)
        .cross_entropy;
  };
  const torch::Tensor want = cross_entropy(torch::kCPU, torch::kFloat32, 0);
  for (const std::int64_t chunk_rows : {0, 64}) {
    BOOST_TEST(distance(cross_entropy(gpu(), torch::kFloat32, chunk_rows), want) < 1e-4);
    BOOST_TEST(distance(cross_entropy(gpu(), torch::kBFloat16, chunk_rows), want) < 4e-2);
  }
}

BOOST_AUTO_TEST_CASE(adamw_agrees_with_the_cpu) {
  const std::int64_t n = 40001;
  const AdamW settings{.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .weight_decay = 0.1};
  const auto after_steps = [&](torch::Device device) {
    torch::Tensor param = noise({n}, 1).to(device), mean = torch::zeros_like(param),
                  square = torch::zeros_like(param);
    for (std::int64_t step = 1; step <= 5; ++step)
      adamw_step(param, noise({n}, 10 + static_cast<std::uint64_t>(step)).to(device), mean, square,
                 torch::full({}, 0.3, param.options()), step, settings);
    return Tensors{param, mean, square};
  };
  const Tensors got = after_steps(gpu()), want = after_steps(torch::kCPU);
  for (std::size_t i = 0; i < want.size(); ++i) BOOST_TEST(distance(got[i], want[i]) < 1e-5, "tensor " << i);
}

BOOST_FIXTURE_TEST_CASE(every_stage_and_loss_trains_in_bf16_as_the_cpu_does_in_fp32, GpuTraining) {
  for (const TrainedVariant& variant : kTrainedVariants) {
    const std::string name = name_of(variant);
    const Outcome exact = train_on("cpu", variant.stage, name, variant_recipe(variant, Precision::fp32));
    const std::size_t steps = exact.metrics.size();
    for (const bool recomputes : {false, true})
      BOOST_TEST_CONTEXT(name << (recomputes ? ", recomputed" : "")) {
        BOOST_TEST_MESSAGE(name << (recomputes ? ", recomputed" : ""));
        Experiment experiment = variant_recipe(variant, Precision::bf16);
        experiment.run.activation_checkpointing = recomputes;
        const Outcome got = train_on(gpu_device(), variant.stage, name + "-gpu", experiment);
        expect_losses(got, exact, 0.05);
        BOOST_TEST(mean_loss(got, steps - 4, 4) < mean_loss(got, 0, 4));
      }
  }
}

BOOST_FIXTURE_TEST_CASE(fp32_on_the_gpu_is_that_of_the_cpu, GpuTraining) {
  for (const TrainedVariant& variant : kTrainedVariants) {
    const std::string name = name_of(variant);
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST_MESSAGE(name);
      const Experiment experiment = variant_recipe(variant, Precision::fp32);
      const Outcome exact = train_on("cpu", variant.stage, name, experiment);
      const Outcome got = train_on(gpu_device(), variant.stage, name + "-gpu", experiment);
      BOOST_TEST(got.value(0, "loss") == exact.value(0, "loss"), tt::tolerance(1e-4));
      BOOST_TEST(got.value(0, "grad_norm") == exact.value(0, "grad_norm"), tt::tolerance(1e-3));
      expect_losses(got, exact, 0.02);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_training_tells_its_memory_its_speed_and_its_card, GpuTraining) {
  const Outcome outcome = train_on(gpu_device(), Stage::vlm, "vlm",
                                   variant_recipe({Stage::vlm, EncoderLoss::clip}, Precision::bf16));
  const auto& last = outcome.metrics.back().second;
  BOOST_TEST(last.at("memory_bytes") > 1e6);
  BOOST_TEST(last.at("flops_per_second") > 0);
  BOOST_TEST(last.at("matmul_share") > 0);
  BOOST_TEST(last.at("seconds_forward") > 0);
  const double peak = device_peak(gpu());
  BOOST_TEST_MESSAGE((*outcome.detail)["device"] << ", peak " << peak << " FLOP/s, matrix products "
                                                 << (*outcome.detail)["matmul_rate"]);
  BOOST_TEST(last.count("mfu") == (peak > 0 ? 1u : 0u));  // For the cards that device.cpp knows.
  if (peak > 0) {
    BOOST_TEST(last.at("mfu") > 0);
    BOOST_TEST(last.at("mfu") < 1);
    BOOST_TEST((*outcome.detail)["matmul_rate"].get<double>() < 1.2 * peak);
  }
  BOOST_TEST((*outcome.detail)["device"] == device_name(gpu(), 1));
}

BOOST_FIXTURE_TEST_CASE(a_checkpoint_of_the_gpu_goes_on_there_and_on_the_cpu, GpuTraining) {
  const Experiment experiment = variant_recipe({Stage::vlm, EncoderLoss::clip}, Precision::fp32);
  TrainingJob first = job(Stage::vlm, "first", experiment);
  first.device = gpu_device();
  const Outcome whole = run(first);
  const Outcome begun = run(first, /*stop_before=*/12);
  BOOST_TEST(!begun.detail);
  for (const char* device : {gpu_device(), "cpu"}) {
    TrainingJob second = job(Stage::vlm, std::string("second-") + device, experiment);
    second.device = device;
    second.resume_path = first.folder / begun.checkpoints.back().second;
    second.resume_step = begun.checkpoints.back().first;
    const Outcome resumed = run(second);
    BOOST_TEST_REQUIRE(resumed.metrics.size() == 13u);
    BOOST_TEST(resumed.metrics.front().first == 12);
    BOOST_TEST(resumed.value(0, "loss") == whole.value(11, "loss"), tt::tolerance(1e-2));
    BOOST_TEST(resumed.value(12, "loss") == whole.value(23, "loss"), tt::tolerance(2e-2));
  }
}

BOOST_FIXTURE_TEST_CASE(a_job_that_is_too_large_runs_out_of_memory_and_gives_it_back, GpuTraining,
                        *boost::unit_test::precondition(has_memory_of_its_own)) {
  Experiment large = variant_recipe({Stage::llm, EncoderLoss::clip}, Precision::bf16);
  // The mask of one such batch takes 128 GiB, and three of them exist at once.
  large.data.seq_len = std::int64_t{1} << 18;
  large.train_llm.batch = 2;
  try {
    train_on(gpu_device(), Stage::llm, "large", large);
    BOOST_ERROR("there was memory enough");
  } catch (const OutOfMemory& error) {
    BOOST_TEST(std::string(error.what()) == "out of memory on cuda");
  }
  const Outcome small = train_on(gpu_device(), Stage::llm, "small",
                                 variant_recipe({Stage::llm, EncoderLoss::clip}, Precision::bf16));
  BOOST_TEST(small.detail.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
