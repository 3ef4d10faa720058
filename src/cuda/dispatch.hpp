// From the formats that are known when a kernel is called to those of its template.
#pragma once

#include "cuda/kernels.hpp"
#include "cuda/numbers.hpp"

namespace ablate::cuda {

/// Calls use(Bf16()) or use(float()).
template <class Use>
void with_format(Format format, const Use& use) {
  if (format == Format::bf16)
    use(Bf16());
  else
    use(float());
}

}  // namespace ablate::cuda
