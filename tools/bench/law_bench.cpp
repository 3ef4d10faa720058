// How long the law of the best learning rate takes: the fit of about 1,900 runs, a forecast, the bootstrap of
// the loss law. Usage: law_bench [runs.csv of columns N, D, lr, batch_tokens, loss]; by default runs by
// formula.
#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "law/law.hpp"
#include "law/loss_law.hpp"
#include "law/propose.hpp"
#include "util/error.hpp"
#include "util/random.hpp"

namespace {

using namespace ablate;

/// 16 scans of 12 rates x 10 batches with noise of 0.1 %.
std::vector<LawRun> made_runs() {
  const RandomStream random(1, "law bench");
  const Bowl along_lr{0.1, 0.45, 0.006}, along_batch{0.15, 0.15, 0.004};
  std::vector<LawRun> runs;
  for (int size = 0; size < 4; ++size)
    for (int ratio = 0; ratio < 4; ++ratio)
      for (int rate = 0; rate < 12; ++rate)
        for (int batch = 0; batch < 10; ++batch) {
          LawRun run;
          const double n = 27.5 + 0.7 * size, d = n + 4.2 + 0.9 * ratio;
          const double x = -12 + 0.5 * rate, y = 16 + 0.65 * batch;
          const double dy = y - (18 + 0.58 * (d - 33)), dx = x - (-9 - 0.6 * (n - 28) + 0.22 * (d - 33));
          run.params = std::exp2(n), run.tokens = std::exp2(d);
          run.lr = std::exp2(x), run.batch = std::exp2(y);
          run.loss =
              (1.8 + 500 / std::pow(run.params, 0.35) + 2100 / std::pow(run.tokens, 0.37)) *
              std::exp(along_lr.at(dx - 0.4 * dy) + along_batch.at(dy) + 1e-3 * random.normal(runs.size()));
          run.where = "bench";
          runs.push_back(run);
        }
  return runs;
}

template <typename Work>
auto timed(const char* what, Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  auto result = work();
  fmt::print("{:<44} {:8.3f} s\n", what,
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return result;
}

void measure(std::vector<LawRun> runs) {
  fmt::print("{} runs\n", runs.size());
  const LawFit fit = timed("fit, all methods, largest size left out", [&] { return fit_law(runs, {}); });
  throw_if_refused(fit.findings);
  const LawTarget target{.params = 4 * fit.bowls.scans.back().params, .tokens = 2e11};
  const LawPrediction predicted = timed("forecast", [&] { return predict(fit, target); });
  ProposeOptions options{.target = target, .budget_flops = 1e22};
  options.max_runs = 32;
  timed("proposal of up to 32 runs", [&] { return propose_runs(fit, options); });
  const auto points = best_losses(fit.runs);
  timed("loss law, 600 starts", [&] { return fit_loss_law(points, {}); });
  timed("loss law, 600 starts, 1,000 resamples", [&] { return fit_loss_law(points, {.bootstraps = 1000}); });
  fmt::print("{} scans, {} iterations; lr {:.3g} ({:.3g} to {:.3g})\n", fit.bowls.scans.size(),
             fit.bowls.iterations, predicted.lr.value, predicted.lr.p95.low, predicted.lr.p95.high);
}

}  // namespace

int main(int argc, char** argv) try {
  const LawColumns columns{.params = "N", .tokens = "D", .lr = "lr", .batch = "batch_tokens", .loss = "loss"};
  measure(argc > 1 ? read_law_runs(argv[1], columns).rows : made_runs());
  return done;
} catch (const Error& error) {
  fmt::print(stderr, "law_bench: {}\n", error.what());
  return user_error;
}
