#include "data/tar_sample.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/problem.hpp"
#include "data/record.hpp"
#include "data/shard.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

std::string lower_sample_text(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string_view sample_base_name(std::string_view name) { return name.substr(name.rfind('/') + 1); }

bool is_picture_extension(std::string_view extension) {
  return extension == "jpg" || extension == "jpeg" || extension == "png" || extension == "webp";
}

const SamplePart* find_part(const std::vector<SamplePart>& parts, std::string_view extension) {
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [&](const SamplePart& part) { return part.extension == extension; });
  return found == parts.end() ? nullptr : &*found;
}

std::string describe_parts(const std::vector<SamplePart>& parts) {
  std::vector<std::string> names;
  for (const SamplePart& part : parts) {
    if (names.size() == 8) {
      names.push_back("...");
      break;
    }
    names.push_back(printable("." + part.extension));
  }
  return join(names, ", ");
}

/// The one picture that a sample shows without a record that names pictures; null when there is none.
const SamplePart* find_sample_picture(const std::vector<SamplePart>& parts, bool is_alone_needed) {
  const SamplePart* picture = nullptr;
  for (const SamplePart& part : parts) {
    if (!is_picture_extension(part.extension)) continue;
    if (picture != nullptr && is_alone_needed)
      fail_document(ProblemKind::record, fmt::format("two pictures, .{} and .{}; expected one",
                                                     picture->extension, part.extension));
    if (picture != nullptr) return nullptr;
    picture = &part;
  }
  return picture;
}

std::string find_sample_picture_bytes(const std::vector<SamplePart>& parts, const std::string& name) {
  check_picture_name(name);
  const std::string lower = lower_sample_text(name);
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const SamplePart& part) {
    return is_sample_part(part.extension) &&
           (part.extension == lower || part.name == name || sample_base_name(part.name) == name);
  });
  if (found == parts.end())
    fail_document(ProblemKind::missing_image,
                  fmt::format("picture '{}' is no member of this sample, which has {}",
                              printable(name, kShownName), describe_parts(parts)));
  return found->bytes;
}

/// A sample whose text is in its txt: the caption of its picture, or plain text where it has none.
Document make_plain_document(const std::vector<SamplePart>& parts, const SamplePart& text) {
  Document document;
  if (const SamplePart* picture = find_sample_picture(parts, /*is_alone_needed=*/true))
    document.segments.push_back({"", std::make_shared<const Picture>(picture->bytes), /*target=*/false});
  std::string caption = clean_text(text.bytes);
  if (caption.empty()) fail_document(ProblemKind::text, "an empty .txt; expected a text");
  document.segments.push_back({std::move(caption), nullptr, /*target=*/true});
  return document;
}

std::string find_synthetic_caption(const std::vector<SamplePart>& parts, const Json& record) {
  if (const SamplePart* part = find_part(parts, "synthetic.txt")) return clean_text(part->bytes);
  const auto caption = record.find("synthetic_caption");
  if (caption == record.end() || caption->is_null()) return "";
  if (!caption->is_string())
    fail_document(ProblemKind::record, "synthetic_caption: no string; expected a string");
  return clean_text(caption->get_ref<const std::string&>());
}

}  // namespace

std::optional<SampleName> find_sample_name(std::string_view name) {
  const std::string_view base = sample_base_name(name);
  const auto dot = base.find('.');
  if (dot == base.npos || dot == 0) return std::nullopt;
  const std::size_t key_size = name.size() - base.size() + dot;
  return SampleName{std::string(name.substr(0, key_size)), lower_sample_text(base.substr(dot + 1))};
}

bool is_sample_part(const std::string& extension) {
  const auto dot = extension.rfind('.');
  return extension == "txt" || extension == "json" || extension == "synthetic.txt" ||
         is_picture_extension(dot == extension.npos ? extension : extension.substr(dot + 1));
}

Document make_sample_document(const std::vector<SamplePart>& parts, DataRole role) {
  const SamplePart* text = find_part(parts, "txt");
  const SamplePart* json = find_part(parts, "json");
  if (text == nullptr && json == nullptr)
    fail_document(
        ProblemKind::record,
        fmt::format("a sample of {} only; expected .txt or .json too, right after one another in the "
                    "archive (tar --sort=name)",
                    describe_parts(parts)));
  Json record = Json::object();
  if (json != nullptr) {
    record = parse_json(json->bytes);
    if (!record.is_object()) fail_document(ProblemKind::record, "no object in .json; expected one record");
  }
  Document document;
  if (text != nullptr && !has_form(record)) {
    document = make_plain_document(parts, *text);
    document.synthetic_caption = find_synthetic_caption(parts, record);
  } else {
    const SamplePart* picture = find_sample_picture(parts, /*is_alone_needed=*/false);
    document = parse_record(record, picture == nullptr ? "" : picture->name,
                            [&](const std::string& name) { return find_sample_picture_bytes(parts, name); });
    if (!document.segments.empty() && find_part(parts, "synthetic.txt") != nullptr)
      document.synthetic_caption = find_synthetic_caption(parts, record);
  }
  check_role(document, role);
  return document;
}

}  // namespace ablate
