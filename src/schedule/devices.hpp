// The devices of this machine, and which job fits where.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/placement.hpp"

namespace ablate {

/// Room for workers.
struct Device {
  DeviceKind kind = DeviceKind::cpu;
  std::vector<std::int64_t> cards = {};  ///< One for a GPU, none for a slice of one (MIG).
  std::int64_t slots = 1;                ///< Workers at a time, at most.
  std::int64_t threads = 1;              ///< CPU threads of each.
  double memory_bytes = 0;  ///< Jobs run together while their estimates fit into it; 0: not looked at.
  std::string description;  ///< "NVIDIA H200", for people.
  /// "cpu", "cuda:0"
  std::string name() const { return placement(0).device(); }
  /// Of a job that is expected to take so much memory.
  Placement placement(double job_bytes) const;
};

/// The GPUs that nvidia-smi lists, within CUDA_VISIBLE_DEVICES where that is set. Empty without a driver.
std::vector<Device> find_gpus(std::int64_t slots_each);
/// Divides the machine's cores among the slots of all these GPUs: each slot has at least one thread.
void share_cores(std::vector<Device>& gpus);
/// `slots` CPU slots with `threads` each; 0: as many slots as cores / threads, and as many threads as cores /
/// slots (both 0: a slot for each core). Throws Error when slots x threads is more than the cores.
Device cpu_device(std::int64_t slots, std::int64_t threads);

/// Which devices have room now.
class Slots {
 public:
  explicit Slots(std::vector<Device> devices);
  /// A place for a job of that size: on the device with the fewest jobs. Nothing when all are full. A job
  /// that is larger than a whole device gets an empty one: the estimate may be wrong, and an out-of-memory
  /// failure says so.
  std::optional<Placement> take(double memory_bytes);
  void take_on(
      const Placement& placement);  ///< For an adopted attempt; ignored when it is on no device here.
  void release(const Placement& placement);

 private:
  struct Use {
    Device device;
    std::int64_t jobs = 0;
    double memory_bytes = 0;
  };
  Use* find(const Placement& placement);
  std::vector<Use> uses_;
};

/// What `ablate run` uses when it is not told: the GPUs, else a slot for each core.
std::vector<Device> default_devices();
/// "2 cpu slots of 1 thread", "cuda:0 and cuda:1 (NVIDIA H200)".
std::string describe_devices(const std::vector<Device>& devices);

}  // namespace ablate
