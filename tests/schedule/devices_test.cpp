#include "schedule/devices.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>

#include "scratch.hpp"
#include "util/error.hpp"
#include "with_variable.hpp"

namespace ablate {

namespace {

/// A folder for PATH with an nvidia-smi that prints `text`.
struct FakeNvidia {
  explicit FakeNvidia(const std::string& text) {
    const auto program = scratch.write("nvidia-smi", "#!/bin/sh\n/bin/cat <<'END'\n" + text + "END\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  }
  Scratch scratch;
  WithVariable path{"PATH", scratch.path.c_str()};
};

const char* const kTwoCards =
    "0, GPU-c8f5d2a1-3b0e-4f6c-9a57-1d2e3f405162, 143771, NVIDIA H200\n"
    "1, GPU-d1a0b9c8-77e6-4d5c-8b3a-2f1e0d9c8b7a, 81559, NVIDIA H100 80GB HBM3\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(devices)

BOOST_AUTO_TEST_CASE(cards_are_read_from_nvidia_smi) {
  const FakeNvidia nvidia(kTwoCards);
  const WithVariable visible("CUDA_VISIBLE_DEVICES", nullptr);
  const std::vector<Device> gpus = find_gpus(3);
  BOOST_TEST_REQUIRE(gpus.size() == 2u);
  BOOST_TEST(gpus[1].name() == "cuda:1");
  BOOST_TEST(gpus[1].slots == 3);
  BOOST_TEST(gpus[0].memory_bytes == 143771.0 * 1048576);
  BOOST_TEST(gpus[0].description == "NVIDIA H200");
}

BOOST_AUTO_TEST_CASE(cuda_visible_devices_is_heeded) {
  const FakeNvidia nvidia(kTwoCards);
  const auto names = [](const char* visible) {
    const WithVariable variable("CUDA_VISIBLE_DEVICES", visible);
    std::string joined;
    for (const Device& gpu : find_gpus(1)) joined += gpu.name() + " ";
    return joined;
  };
  BOOST_TEST(names("1") == "cuda:1 ");
  BOOST_TEST(names("1,0") == "cuda:1 cuda:0 ");
  BOOST_TEST(names("GPU-d1") == "cuda:1 ");
  BOOST_TEST(names("") == "");
  BOOST_TEST(names("-1") == "");
  BOOST_TEST(names("0,-1,1") == "cuda:0 ");
  const char* const slice = "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f";
  BOOST_TEST(names(slice) == "cuda ");
  const WithVariable variable("CUDA_VISIBLE_DEVICES", slice);
  BOOST_TEST(find_gpus(1).front().description == slice);
  BOOST_TEST(find_gpus(1).front().memory_bytes == 0);
}

BOOST_AUTO_TEST_CASE(the_slots_of_the_gpus_share_the_cores) {
  const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  std::vector<Device> gpus(2, {.kind = DeviceKind::cuda, .cards = {0}, .slots = 1});
  share_cores(gpus);
  BOOST_TEST(gpus[1].threads == std::max<std::int64_t>(1, cores / 2));
  gpus.resize(1);
  share_cores(gpus);
  BOOST_TEST(gpus[0].threads == cores);
  gpus[0].slots = 10 * cores;
  share_cores(gpus);
  BOOST_TEST(gpus[0].threads == 1);
  gpus.clear();
  share_cores(gpus);
  BOOST_TEST(gpus.empty());
}

BOOST_AUTO_TEST_CASE(without_a_driver_there_are_none) {
  const Scratch empty;
  const WithVariable path("PATH", empty.path.c_str());
  BOOST_TEST(find_gpus(1).empty());
}

BOOST_AUTO_TEST_CASE(nonsense_from_nvidia_smi_is_passed_over) {
  const FakeNvidia nvidia("NVIDIA-SMI has failed\n");
  for (const char* value : {static_cast<const char*>(nullptr), "0", "MIG-c6d4f1ef"}) {
    const WithVariable visible("CUDA_VISIBLE_DEVICES", value);
    BOOST_TEST(find_gpus(1).empty());
  }
}

BOOST_AUTO_TEST_CASE(cpu_slots_times_threads_stay_within_the_cores) {
  const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  BOOST_TEST(cpu_device(0, 0).slots == cores);
  BOOST_TEST(cpu_device(0, cores).slots == 1);
  BOOST_TEST(cpu_device(1, 0).threads == cores);
  BOOST_CHECK_THROW(cpu_device(cores, 2), Error);
  BOOST_CHECK_THROW(cpu_device(-1, 1), Error);
  BOOST_CHECK_THROW(cpu_device(INT64_MAX, INT64_MAX), Error);
}

BOOST_AUTO_TEST_CASE(jobs_share_a_card_while_their_memory_fits) {
  Slots slots({{.kind = DeviceKind::cuda, .cards = {0}, .slots = 3, .threads = 2, .memory_bytes = 100},
               {.kind = DeviceKind::cuda, .cards = {1}, .slots = 3, .memory_bytes = 100}});
  const auto first = slots.take(60), second = slots.take(60);
  BOOST_TEST(first->device() == "cuda:0");
  BOOST_TEST(first->threads == 2);
  BOOST_TEST(first->memory_bytes == 60);
  BOOST_TEST(second->device() == "cuda:1");
  BOOST_TEST(!slots.take(60).has_value());
  const auto third = slots.take(40);
  BOOST_TEST(third->device() == "cuda:0");
  slots.release(*second);
  BOOST_TEST(slots.take(1000)->device() == "cuda:1");
  BOOST_TEST(!slots.take(1).has_value());
  slots.take_on(parse_device("cuda:7"));  // No device of this run.
  slots.release(*first);
  slots.release(*third);
  BOOST_TEST(slots.take(100)->device() == "cuda:0");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
