// Searches whose law is known: a file of runs, and a sweep whose worker knows it.
#pragma once

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>

#include "cli/program.hpp"

namespace ablate {

inline constexpr double kSizes[] = {20e6, 50e6, 120e6, 300e6};

/// The best rate of the made-up runs: 2e-3 x (N / 100M)^-0.6, whatever D.
inline double best_rate(double params) { return 2e-3 * std::pow(params / 1e8, -0.6); }

/// One line of a CSV file.
inline std::string line_of(double params, double rate, double octaves) {
  const double rise =
      0.01 * (std::exp(-0.4 * octaves) / 0.4 + std::exp(0.6 * octaves) / 0.6 - 1 / 0.4 - 1 / 0.6);
  return fmt::format("{},{},{:.6g},262144,{:.9f}\n", params, 20 * params, rate,
                     (1.8 + 400 / std::pow(params, 0.34)) * std::exp(rise));
}

/// Rates a factor of sqrt(2) apart around the best of each size.
inline std::string made_up_runs() {
  std::string text = "N,D,lr,batch_tokens,loss\n";
  for (const double params : kSizes)
    for (int step = -4; step <= 4; ++step) {
      const double octaves = 0.5 * step + 0.1;
      text += line_of(params, best_rate(params) * std::exp2(octaves), octaves);
    }
  return text;
}

struct WithRuns : Program {
  WithRuns() { scratch.write("runs.csv", made_up_runs()); }
};

inline void expect_refusal(const Program& program, const std::string& arguments, const std::string& part) {
  const Outcome found = program.run(arguments);
  BOOST_TEST_CONTEXT("ablate " << arguments << ": " << found.err) {
    BOOST_TEST(found.code == 2);
    BOOST_TEST(found.out == "");
    BOOST_TEST(found.err.starts_with("ablate: "));
    BOOST_TEST(found.err.find(part) != std::string::npos);
  }
}

/// A search of three sizes and five rates whose worker gives the loss of a law: 0.02 x octaves^2 above the
/// best; best rate 0.02 x (N / 100k)^-0.5; rates sixteen times that diverge, or with $GO_ON end without a
/// number. Its evaluations fail, or with $EVALUATE give the loss of the training.
struct Searched : Program {
  Searched() {
    scratch.write("text.txt", "something to read\n");
    shell("cp " ABLATE_SOURCE_DIR "/tests/data/samples/tokenizer.model words.model");
    scratch.write(
        "small.toml",
        "stages = [\"llm\"]\n[llm]\nvocab_size = 1024\n[data]\ntext = [\"text.txt\"]\ntokenizer = "
        "\"words.model\"\nseq_len = 128\n[train.llm]\nsteps = 300\nbatch = 4\nwarmup_steps = 30\nprecision = "
        "\"fp32\"\n");
    scratch.write("search.toml",
                  "experiment = \"small.toml\"\n[override]\ntrain.llm.weight_decay = 0.05\n[[axis]]\nkey = "
                  "\"llm.preset\"\nlevels = [\"0.1m\", \"0.4m\", \"1m\"]\n[[axis]]\nkey = "
                  "\"train.llm.peak_lr\"\nlevels = [2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2, 0.5]\n");
    const auto path = scratch.write("trainer", R"sh(#!/bin/sh
if [ "$1" = --version ]; then echo "worker of the tests"; exit 0; fi
folder=$1/$3
find_number() { grep -o "\"$1\": *[0-9.e+-]*" "$2" | head -n 1 | sed 's/.*: *//'; }
say() { seq=$((seq + 1)); echo "{\"seq\":$seq,\"time\":$seq,$1}" >> "$folder/journal.jsonl"; }
say "\"event\":\"started\",\"attempt\":$3,\"step\":0,\"total_steps\":300"
job=$1/job.json
if grep -q '"stage": *"eval"' "$1/job.json"; then
  if [ -z "$EVALUATE" ]; then
    say '"event":"failed","failure":"error","message":"no evaluation"'
    exit 1
  fi
  job=$(grep -o '"llm": *"[^"]*"' "$folder/attempt.json" | sed 's/.*"\(\/[^"]*\)"/\1/')/../job.json
fi
loss=$(awk -v lr="$(find_number peak_lr "$job")" -v w="$(find_number width "$job")" \
  -v l="$(find_number layers "$job")" 'BEGIN {
    n = 12 * l * w * w; best = 0.02 * exp(-0.5 * log(n / 100000)); x = log(lr / best) / log(2)
    if (x > 4) print "none"; else printf "%.9f", (3 + 20 / log(n)) * (1 + 0.02 * x * x) }')
if [ "$job" != "$1/job.json" ]; then
  say "\"event\":\"score\",\"name\":\"heldout-loss/text\",\"value\":$loss,\"n\":10"
  say '"event":"finished","step":0,"detail":{}'
  exit 0
fi
if [ "$loss" = none ] && [ -n "$GO_ON" ]; then loss='"NaN"'; fi
if [ "$loss" = none ]; then
  say '"event":"failed","failure":"diverged","message":"the loss is no number"'
  exit 1
fi
if [ -n "$HOPELESS" ]; then
  say "\"event\":\"metric\",\"step\":75,\"values\":{\"loss\":$loss}"
  # Whoever is far off waits for the end; a minute, and the test fails.
  if awk -v loss="$loss" 'BEGIN { exit !(loss > 1.2 * 4.7) }'; then
    for i in $(seq 600); do sleep 0.1; done
    exit 1
  fi
fi
say "\"event\":\"metric\",\"step\":300,\"values\":{\"loss\":$loss}"
say '"event":"finished","step":300,"detail":{}'
)sh");
    ::chmod(path.c_str(), 0755);
  }
  Outcome search() const {
    return run("run search.toml --worker ./trainer --slots 1 --threads 1 --keep-going --quiet");
  }
};

}  // namespace ablate
