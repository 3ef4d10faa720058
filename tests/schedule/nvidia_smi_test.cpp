#include "schedule/nvidia_smi.hpp"

#include <boost/test/unit_test.hpp>

namespace ablate {

namespace {

const char* const kThreeCards =
    "0, GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77, 81920, NVIDIA A100-SXM4-80GB\n"
    "1, GPU-5d5c91f0-0b5e-9d3a-3b55-0f6c4a0a7e21, 81920, NVIDIA A100-SXM4-80GB\n"
    "2, GPU-a7e0c3b2-6f1d-4c8e-8a94-17d2b5f0c963, 81559, NVIDIA H100 80GB HBM3\n";

/// "0 2", "MIG-..."
std::string seen(const char* variable) {
  const VisibleCards visible = visible_cards(parse_cards(kThreeCards), variable);
  std::string text;
  for (const Card& card : visible.cards) text += (text.empty() ? "" : " ") + std::to_string(card.index);
  return text + visible.slice;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nvidia_smi)

BOOST_AUTO_TEST_CASE(cards_are_read_with_index_uuid_memory_and_name) {
  const std::vector<Card> cards = parse_cards(kThreeCards);
  BOOST_TEST_REQUIRE(cards.size() == 3u);
  BOOST_TEST(cards[2].index == 2);
  BOOST_TEST(cards[2].uuid == "GPU-a7e0c3b2-6f1d-4c8e-8a94-17d2b5f0c963");
  BOOST_TEST(cards[2].memory_bytes == 81559.0 * 1048576);
  BOOST_TEST(cards[2].name == "NVIDIA H100 80GB HBM3");
}

BOOST_AUTO_TEST_CASE(memory_may_not_be_told) {
  // A card without memory of its own, an older driver, a container that has a slice of a card.
  for (const char* line : {"0, GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77, [N/A], NVIDIA GB10\n",
                           "0, GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77, [Not Supported], Tesla K80\r\n",
                           "0, GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77, [Insufficient Permissions], NVIDIA "
                           "A100-SXM4-80GB\n"}) {
    const std::vector<Card> cards = parse_cards(line);
    BOOST_TEST_REQUIRE(cards.size() == 1u);
    BOOST_TEST(cards[0].memory_bytes == 0);
    BOOST_TEST(!cards[0].name.ends_with('\r'));
  }
}

BOOST_AUTO_TEST_CASE(errors_are_no_cards) {
  for (const char* text :
       {"", "\n", "No devices were found\n",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the "
        "latest "
        "NVIDIA driver is installed and running.\n",
        "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.54\n",
        "Unable to determine the device handle for GPU0000:01:00.0: Unknown Error\n",
        "Field \"uuid\" is not a valid field to query.\n", "index, uuid, memory.total [MiB], name\n", ",,,\n",
        "-1, GPU-5d5ba0d6, 81920, NVIDIA A100\n", "[Unknown Error], GPU-5d5ba0d6, 81920, NVIDIA A100\n",
        "0, GPU-5d5ba0d6\n",
        "  MIG 1g.10gb     Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)\n"})
    BOOST_TEST(parse_cards(text).empty(), text);
  const std::vector<Card> cards = parse_cards(
      "Unable to determine the device handle for GPU 0000:81:00.0: GPU is lost.\n"
      "1, GPU-5d5c91f0-0b5e-9d3a-3b55-0f6c4a0a7e21, 81920, NVIDIA A100-SXM4-80GB\n");
  BOOST_TEST_REQUIRE(cards.size() == 1u);
  BOOST_TEST(cards[0].index == 1);
}

BOOST_AUTO_TEST_CASE(cards_that_say_that_they_do_not_work_are_none) {
  const std::vector<Card> cards = parse_cards(
      "0, [GPU is lost], [GPU is lost], [GPU is lost]\n"
      "1, GPU-5d5c91f0-0b5e-9d3a-3b55-0f6c4a0a7e21, [GPU requires reset], NVIDIA A100-SXM4-80GB\n"
      "2, GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77, [Unknown Error], NVIDIA A100-SXM4-80GB\n"
      "3, GPU-a7e0c3b2-6f1d-4c8e-8a94-17d2b5f0c963, 81559, NVIDIA H100 80GB HBM3\n");
  BOOST_TEST_REQUIRE(cards.size() == 1u);
  BOOST_TEST(cards[0].index == 3);
}

BOOST_AUTO_TEST_CASE(visible_cards_are_those_that_cuda_would_see) {
  BOOST_TEST(seen("0") == "0");
  BOOST_TEST(seen("2, 0") == "2 0");
  BOOST_TEST(seen("GPU-a7e0c3b2-6f1d-4c8e-8a94-17d2b5f0c963") == "2");
  BOOST_TEST(seen("GPU-a7,GPU-5d5b") == "2 0");
  BOOST_TEST(seen("GPU-5d5,GPU-a7") == "");  // Two cards begin like that.
  BOOST_TEST(seen("GPU-a7,GPU-ff,GPU-5d5b") == "2");
  BOOST_TEST(seen("1,7,0") == "1");
  BOOST_TEST(seen("1,-1,0") == "1");
  for (const char* none : {"", "-1", "none", "NoDevFiles", "7", "0,0", "1,0,1", "0,GPU-5d5b", "a7e0c3b2"})
    BOOST_TEST(seen(none) == "", none);
}

BOOST_AUTO_TEST_CASE(one_slice_of_a_card_may_be_visible) {
  const char* const slice = "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f";
  BOOST_TEST(seen(slice) == slice);
  BOOST_TEST(seen("MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f,MIG-2b1e8c0a-6c57-5f0e-b1a3-9e4f7d6c5b4a") ==
             slice);
  // Drivers before 470.
  BOOST_TEST(seen("MIG-GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77/7/0") ==
             "MIG-GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77/7/0");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
