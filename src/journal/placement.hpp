// Where an attempt runs, and what it may take there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/names.hpp"
#include "util/json.hpp"

namespace ablate {

/// `automatic`, written "auto": a GPU where there is one. Only for a worker that is started by hand.
enum class DeviceKind { automatic, cpu, cuda };

template <>
std::span<const Named<DeviceKind>> names_of<DeviceKind>();

struct Placement {
  DeviceKind kind = DeviceKind::cpu;
  /// Of `cuda`: the cards' numbers, as nvidia-smi counts them. Empty: whoever starts the worker chooses.
  std::vector<std::int64_t> cards = {};
  std::int64_t threads = 1;  ///< CPU threads, at least 1.
  double memory_bytes = 0;   ///< That it is expected to take on its device; 0: not known.
  double time_limit = 0;     ///< Seconds that it may run; 0: any.

  /// "cpu", "cuda:0", "cuda:0,1", "cuda": kind and cards, as messages and the database have them.
  std::string device() const;
  /// {"kind": "cuda", "cards": [0], "threads": 2, "memory_bytes": 1e9, "time_limit": 0}
  Json to_json() const;
};

/// Kind and cards of a text that device() made. Throws Error for any other text.
Placement parse_device(std::string_view text);
/// What to_json() made. Throws Error that names the key ("placement.threads").
Placement parse_placement(const Json& json);

}  // namespace ablate
