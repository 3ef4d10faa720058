// Documents: the README stays short and names all of docs/, and links lead somewhere.
#include <boost/test/unit_test.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kSource = ABLATE_SOURCE_DIR;

std::vector<std::string> read_lines(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// The lines of a document without its blocks of code, fenced or indented.
std::vector<std::string> read_prose(const fs::path& path) {
  std::vector<std::string> lines;
  bool fenced = false;
  for (const std::string& line : read_lines(path)) {
    if (line.starts_with("```")) fenced = !fenced;
    if (fenced || line.starts_with("```") || line.starts_with("    ")) continue;
    lines.push_back(line);
  }
  return lines;
}

/// What follows '#' in a link to a heading: lower case, '-' for spaces, without punctuation.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || (c & 0x80) != 0)
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (c == ' ')
      anchor += '-';
  }
  return anchor;
}

std::set<std::string> anchors_of(const fs::path& path) {
  std::set<std::string> anchors;
  for (const std::string& line : read_prose(path)) {
    const std::size_t text = line.find_first_not_of('#');
    if (text > 0 && text != std::string::npos && line[text] == ' ')
      anchors.insert(anchor_of(line.substr(text + 1)));
  }
  return anchors;
}

/// The places that a document links to, but for those on other machines; what stands between backquotes is no
/// link.
std::vector<std::string> links_of(const fs::path& path) {
  static const std::regex kCode("`[^`]*`"), kLink(R"(\]\(([^)\s]+)\))");
  std::vector<std::string> links;
  for (const std::string& prose : read_prose(path)) {
    const std::string line = std::regex_replace(prose, kCode, "");
    for (std::sregex_iterator at(line.begin(), line.end(), kLink), end; at != end; ++at)
      if (const std::string target = (*at)[1]; target.find("://") == std::string::npos)
        links.push_back(target);
  }
  return links;
}

std::vector<fs::path> documents() {
  std::vector<fs::path> found;
  const auto add = [&](const fs::directory_entry& entry) {
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  };
  for (const auto& entry : fs::directory_iterator(kSource)) add(entry);
  for (const char* folder : {"docs", "experiments", "src", "sweeps", "tests", "tools"})
    for (const auto& entry : fs::recursive_directory_iterator(kSource / folder)) add(entry);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_link_leads_to_a_file_and_a_heading_of_it) {
  std::size_t checked = 0;
  for (const fs::path& document : documents()) {
    for (const std::string& link : links_of(document)) {
      const std::size_t hash = link.find('#');
      const std::string file = link.substr(0, hash);
      const fs::path target = file.empty() ? document : document.parent_path() / file;
      ++checked;
      BOOST_CHECK_MESSAGE(fs::exists(target), document.string() << " links to " << link);
      if (hash == std::string::npos || !fs::exists(target)) continue;
      BOOST_CHECK_MESSAGE(anchors_of(target).contains(link.substr(hash + 1)),
                          document.string() << " links to " << link << ", and there is no such heading");
    }
  }
  BOOST_TEST(checked > 40u);
}

BOOST_AUTO_TEST_CASE(the_readme_is_short_and_names_all_documents) {
  const fs::path readme = kSource / "README.md";
  BOOST_TEST(read_lines(readme).size() <= 150u);
  std::set<fs::path> linked;
  for (const std::string& link : links_of(readme)) linked.insert(fs::weakly_canonical(kSource / link));
  std::size_t checked = 0;
  for (const auto& entry : fs::directory_iterator(kSource / "docs")) {
    ++checked;
    BOOST_CHECK_MESSAGE(linked.contains(fs::weakly_canonical(entry.path())),
                        "README.md does not link " << entry.path().string());
  }
  for (const char* name : {"src/README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "NOTICE"})
    BOOST_CHECK_MESSAGE(linked.contains(fs::weakly_canonical(kSource / name)),
                        "README.md does not link " << name);
  BOOST_TEST(checked >= 9u);
}
