// Shards for tests, and what is in them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/shard.hpp"
#include "scratch.hpp"

namespace ablate {

/// "[picture bytes] text (question) | choice", and "/ synthetic caption".
inline std::string show_document(const Document& document) {
  std::string text;
  for (const Segment& segment : document.segments) {
    if (!text.empty()) text += ' ';
    if (segment.picture)
      text += "[" + std::get<std::string>(*segment.picture) + "]";
    else
      text += segment.target ? segment.text : "(" + segment.text + ")";
  }
  for (const std::string& choice : document.choices) text += " | " + choice;
  if (!document.synthetic_caption.empty()) text += " / " + document.synthetic_caption;
  return text;
}

/// All of a shard: "id: document" for each, "KIND: message" for what is broken.
inline std::vector<std::string> read_all(const Shard& shard, std::size_t limit = 1024) {
  std::vector<std::string> result;
  const auto add = [&](const Problem& problem) {
    result.push_back(to_name(problem.kind) + ": " + to_text(problem));
  };
  Listing listing;
  do {
    listing = shard.list(listing.next, limit);
    for (const Entry& entry : listing.entries) {
      try {
        const Document document = shard.read(entry);
        result.push_back(document.id + ": " + show_document(document));
      } catch (const BrokenDocument& broken) {
        add(broken.problem);
      }
    }
    for (const Problem& problem : listing.problems) add(problem);
  } while (!listing.end);
  return result;
}

struct ShardFolder : Scratch {
  std::vector<std::string> read(const std::string& name, const std::string& content,
                                DataRole role = DataRole::captions, std::size_t limit = 1024) const {
    std::filesystem::remove(path / name);  // a file that is written over costs a wait for the disk
    return read_all(*open_shard({write(name, content), name, role}), limit);
  }
};

using ShardLines = std::vector<std::string>;

}  // namespace ablate
