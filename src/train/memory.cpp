#include "train/memory.hpp"

#include <cstdlib>  // defines __GLIBC__

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ablate {

void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kNever = 1 << 30;  // The largest threshold that mallopt takes.
  ::mallopt(M_MMAP_THRESHOLD, kNever);
  ::mallopt(M_TRIM_THRESHOLD, kNever);
  ::mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace ablate
