// The order of the modules in src/CMakeLists.txt, held against what the files include.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;

/// Module to the modules that it may include, as CMake wrote it down.
std::map<std::string, std::set<std::string>> read_layers() {
  std::map<std::string, std::set<std::string>> layers;
  std::ifstream file(ABLATE_BINARY_DIR "/layers.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    layers[name].insert(name);
    for (std::string used; words >> used;) layers[name].insert(used);
  }
  return layers;
}

bool is_libtorch(const std::string& line) {
  for (const char* prefix : {"#include <torch/", "#include <ATen/", "#include <c10/"})
    if (line.starts_with(prefix)) return true;
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(modules_include_only_what_they_use) {
  const auto layers = read_layers();
  BOOST_REQUIRE(layers.contains("util"));
  std::size_t checked = 0;
  for (const auto& [module, uses] : layers) {
    for (const auto& entry : fs::directory_iterator(fs::path(ABLATE_SOURCE_DIR) / "src" / module)) {
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        if (line.starts_with("#include \"")) {
          const std::string path = line.substr(10, line.find('"', 10) - 10);
          const std::string included = path.substr(0, path.find('/'));
          if (!layers.contains(included)) continue;  // A generated file beside it.
          BOOST_CHECK_MESSAGE(uses.contains(included), entry.path().string() << " includes " << included);
          ++checked;
        }
        const bool may_use_libtorch = module == "model" || module == "eval" || module == "train";
        BOOST_CHECK_MESSAGE(may_use_libtorch || !is_libtorch(line), entry.path().string()
                                                                        << " includes LibTorch");
      }
    }
  }
  BOOST_CHECK_GT(checked, 50u);
}

BOOST_AUTO_TEST_CASE(headers_begin_with_what_they_are_for) {
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(ABLATE_SOURCE_DIR) / "src")) {
    if (entry.path().extension() != ".hpp") continue;
    std::ifstream file(entry.path());
    std::string first;
    std::getline(file, first);
    BOOST_CHECK_MESSAGE(first.starts_with("// ") && first.size() > 20, entry.path().string()
                                                                           << " begins with: " << first);
  }
}

BOOST_AUTO_TEST_CASE(every_file_of_tests_is_built) {
  std::stringstream lists;
  lists << std::ifstream(ABLATE_SOURCE_DIR "/tests/CMakeLists.txt").rdbuf();
  std::set<std::string> listed;
  for (std::string word; lists >> word;) {
    while (word.ends_with(')')) word.pop_back();
    listed.insert(word);
  }
  std::size_t checked = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(ABLATE_SOURCE_DIR) / "tests")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("_test.cpp")) continue;
    BOOST_CHECK_MESSAGE(listed.contains(name), entry.path().string() << " is not in tests/CMakeLists.txt");
    ++checked;
  }
  BOOST_CHECK_GT(checked, 50u);
}
