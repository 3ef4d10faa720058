// Runs the real `ablate` in a scratch folder, with a worker of a few lines of shell.
#pragma once

#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "scratch.hpp"

namespace ablate {

struct Outcome {
  int code = -1;
  std::string out, err;
};

struct Program {
  Program() {
    scratch.write("demo.toml",
                  "stages = [\"demo\", \"eval\"]\n[demo]\nsteps = 60\n[eval]\ntasks = [\"demo-accuracy\"]\n");
    scratch.write("tiny.toml",
                  "experiment = \"demo.toml\"\nseeds = 3\n"
                  "[[axis]]\nkey = \"demo.resolution\"\nlevels = [4, 8]\n"
                  "[[axis]]\nkey = \"demo.width\"\nlevels = [8, 16]\n");
    // Scores 0.RESOLUTION + 0.0SEED. Fails for the seed in the file `bad`, waits while there is a file
    // `wait`.
    const auto worker = scratch.write("worker", R"sh(#!/bin/sh
if [ "$1" = --version ]; then echo "worker of the tests"; exit 0; fi
folder=$1/$3
number() { grep -o "\"$1\": *[0-9]*" "$2" | grep -o '[0-9]*$'; }
say() { seq=$((seq + 1)); echo "{\"seq\":$seq,\"time\":$seq,$1}" >> "$folder/journal.jsonl"; }
seed=$(number seed "$1/job.json")
parent=$(grep -o '"demo": *"[^"]*"' "$folder/attempt.json" | sed 's/.*"\(\/[^"]*\)"/\1/')
echo "seed $seed"
say "\"event\":\"started\",\"attempt\":$3,\"step\":0,\"total_steps\":60"
while [ -e "$(dirname "$0")/wait" ]; do sleep 0.02; done
if [ "$(cat "$(dirname "$0")/bad" 2>/dev/null)" = "$seed" ]; then
  printf 'boom \033[31m\n'
  say '"event":"failed","failure":"error","message":"boom \u001b[31m"'
  exit 1
fi
if [ -n "$parent" ]; then
  say "\"event\":\"score\",\"name\":\"accuracy\",\"value\":0.$(number resolution "$parent/../job.json")$seed,\"n\":100"
  say '"event":"finished","step":0,"detail":{}'
else
  say '"event":"metric","step":60,"values":{"loss":1.5}'
  say '"event":"finished","step":60,"detail":{}'
fi
)sh");
    ::chmod(worker.c_str(), 0755);
  }

  /// `ablate ARGUMENTS`, in the scratch folder; the words are the shell's.
  Outcome run(const std::string& arguments) const {
    return shell(std::string(ABLATE_PROGRAM) + " " + arguments);
  }

  /// `ablate run tiny.toml` to its end.
  Outcome run_tiny(const std::string& options = "") const {
    return run("run tiny.toml --worker ./worker --slots 1 --threads 1 " + options);
  }

  /// Any shell command line; $ABLATE is the program.
  Outcome shell(const std::string& command) const {
    const std::string line =
        "cd '" + scratch.path.string() +
        "' && { unset ABLATE_DB NO_COLOR; export CUDA_VISIBLE_DEVICES=; ABLATE='" ABLATE_PROGRAM "'; " +
        command + "\n} >out 2>err </dev/null";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read("out"), read("err")};
  }

  std::string read(const std::string& name) const {
    std::ifstream file(scratch.path / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(scratch.path / name); }

  Scratch scratch;
};

/// The first line that holds `part`; empty when none does.
inline std::string line_with(const std::string& text, const std::string& part) {
  const std::size_t at = text.find(part);
  if (at == std::string::npos) return "";
  const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

}  // namespace ablate
