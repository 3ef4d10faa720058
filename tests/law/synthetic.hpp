// Runs by formula, whose law is known exactly.
#pragma once

#include <cmath>
#include <vector>

#include "law/bowl.hpp"
#include "law/runs.hpp"
#include "util/random.hpp"

namespace ablate {

/// log2 lr* = -9 - 0.6 log2(N / 2^28) + 0.2 log2(D / 2^34), log2 B* = 19 + 0.58 log2(D / 2^34).
struct SyntheticLaw {
  Bowl lr = {0.2, 0.6, 0.007};
  Bowl batch = {0.3, 0.4, 0.004};
  double ridge = 0.5;
  double noise = 0;  ///< Of log loss.

  double x(double params, double tokens) const {
    return -9 - 0.6 * (std::log2(params) - 28) + 0.2 * (std::log2(tokens) - 34);
  }
  double y(double tokens) const { return 19 + 0.58 * (std::log2(tokens) - 34); }

  LawRun run(double params, double tokens, double log2_lr, double log2_batch) const {
    LawRun run;
    run.params = params;
    run.tokens = tokens;
    run.lr = std::exp2(log2_lr);
    run.batch = std::exp2(log2_batch);
    const double dy = log2_batch - y(tokens), dx = log2_lr - x(params, tokens);
    const double floor = std::log(1.7 + 400 / std::pow(params, 0.35) + 2000 / std::pow(tokens, 0.37));
    const RandomStream random(7, "synthetic runs");
    const auto index =
        static_cast<std::uint64_t>(params / 1e5 + tokens / 1e6 + 1000 * log2_lr + 70 * log2_batch + 1e6);
    run.loss = std::exp(floor + lr.at(dx - ridge * dy) + batch.at(dy) + noise * random.normal(index));
    run.where = "synthetic";
    return run;
  }

  /// Sizes 2^26 to 2^29 at two ratios D/N, 9 rates, 5 batches.
  std::vector<LawRun> grid() const {
    std::vector<LawRun> runs;
    for (int size = 26; size <= 29; ++size)
      for (const int ratio : {5, 7})
        for (int rate = -4; rate <= 4; ++rate)
          for (int batch_step = -2; batch_step <= 2; ++batch_step)
            runs.push_back(run(std::exp2(size), std::exp2(size + ratio), -9 - 0.5 * (size - 28) + 0.5 * rate,
                               18 + 0.5 * (size - 27) + batch_step));
    return runs;
  }

  /// One sweep of `rates` rates at batch 2^19 for each size, D = 32 N, centred `off` octaves from the
  /// optimum.
  std::vector<LawRun> sweeps(int rates, double step, double off) const {
    std::vector<LawRun> runs;
    for (int size = 26; size <= 29; ++size)
      for (int i = 0; i < rates; ++i)
        runs.push_back(run(std::exp2(size), std::exp2(size + 5),
                           std::round(2 * fixed_x(size)) / 2 + off + step * (i - (rates - 1) / 2), 19));
    return runs;
  }
  /// Best rate at batch 2^19, D = 32 N.
  double fixed_x(double size) const {
    const double params = std::exp2(size), tokens = std::exp2(size + 5);
    return x(params, tokens) + ridge * (19 - y(tokens));
  }
};

}  // namespace ablate
