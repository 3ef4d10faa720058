// WebDataset samples: members of an archive that share a name up to the first dot, as one document.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/document.hpp"

namespace ablate {

struct SampleName {
  std::string key;        ///< Folder and base name up to its first dot.
  std::string extension;  ///< What stands after it, in lower case: "jpg", "synthetic.txt".
};

/// Nothing for names that belong to no sample: without a dot, or hidden files (also macOS's "._x").
std::optional<SampleName> find_sample_name(std::string_view name);

/// Whether a document can need this member, so that it must be read.
bool is_sample_part(const std::string& extension);

struct SamplePart {
  std::string name;  ///< The member's, as the archive has it.
  std::string extension;
  std::string bytes;  ///< Empty where is_sample_part says no.
};

/// The document of one sample. Its picture is its jpg, jpeg, png or webp. Its text is its txt, or the caption
/// (or text) of its json; a synthetic caption is in synthetic.txt or in the json's synthetic_caption. A json
/// of a form that is more than that (has_form) is the document by itself, and names its pictures by
/// extension, member or base name. Throws BrokenDocument, also when the role asks for something else.
Document make_sample_document(const std::vector<SamplePart>& parts, DataRole role);

}  // namespace ablate
