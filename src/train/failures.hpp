// What LibTorch throws, in this project's terms.
#pragma once

#include <c10/util/Exception.h>

#include <stdexcept>
#include <string>

#include "model/compat.hpp"
#include "train/train.hpp"

namespace ablate {

/// What `work` returns. Out of memory comes out as OutOfMemory, other exceptions of LibTorch's as
/// std::runtime_error without the pages of backtrace that they carry, all others as they are.
template <class Work>
auto with_plain_failures(const std::string& device, const Work& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    if (compat::is_out_of_memory(error)) throw OutOfMemory("out of memory on " + device);
    if (const auto* torch_error = dynamic_cast<const c10::Error*>(&error))
      throw std::runtime_error(torch_error->what_without_backtrace());
    throw;
  }
}

}  // namespace ablate
