// How a job uses its machine, whether it trains or evaluates. None of this changes what is computed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ablate {

/// Examples that go through the model at a time: `setting`, or `otherwise` where that is 0, halved as often
/// as memory has run out; at least 1.
std::int64_t micro_batch_of(std::int64_t setting, std::int64_t otherwise, std::int64_t halvings);

/// Threads that prepare data for a job of `threads` threads: half as many, from 1 to 16.
std::size_t loader_threads(std::int64_t threads);

}  // namespace ablate
