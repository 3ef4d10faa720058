// Holds the data that a job reads against what it was promised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/fields.hpp"
#include "journal/attempt_folder.hpp"
#include "util/input_file.hpp"
#include "worker/job.hpp"

namespace ablate {

/// The sources of one job: training and held-out data, tokenizer, weights to start from. Results of data that
/// are not those that the job's key stands for would go by a wrong name.
class SourceWatch {
 public:
  /// Sources without a promise in `spec` are left out. Throws Error for a promise that cannot be read.
  SourceWatch(const Job& job, const AttemptSpec& spec);

  /// Looks at each file's state, and reads those that have another one than promised: other bytes, a file
  /// that is gone and a new one throw StageFailure of kind data, naming the file, what was promised and what
  /// was found.
  void check();

 private:
  struct Source {
    SourceKind kind;
    std::filesystem::path path;
    InputContent promised;
    /// Name to place in `promised`, of files that are no pictures; pictures stand after the lines that name
    /// them.
    std::unordered_map<std::string, std::size_t> index;
  };
  static void check(Source& source);
  static std::vector<std::string> picture_names(Source& source, const InputFile& lines);
  std::vector<Source> sources_;
};

}  // namespace ablate
