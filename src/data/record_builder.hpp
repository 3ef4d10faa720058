// What reading a record's fields and collecting its segments need, with messages that name the place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "data/record.hpp"

namespace ablate {

constexpr std::size_t kMaxSegments = 65'536;

/// Throws BrokenDocument of kind record.
[[noreturn]] void fail_record(std::string message);
/// "a string", "the number 3", as messages name what was found.
std::string describe_json(const Json& value);

/// A member of an object, with the place that messages name: "images[2].text". `value` is null when the key
/// is not there.
struct RecordField {
  const Json* value = nullptr;
  std::string where;
  bool has() const { return value != nullptr && !value->is_null(); }
};

[[noreturn]] void fail_type(const RecordField& field, std::string_view expected);
/// `inside`: the place of `object` in its record.
RecordField find_field(const Json& object, const char* key, const std::string& inside = "");
RecordField get_field(const Json& object, const char* key, const std::string& inside = "");
RecordField get_entry(const RecordField& list, std::size_t index);

// The value, of the type that it must have.
const Json& get_list(const RecordField& field, std::size_t max_entries = kMaxSegments);
const Json& get_object(const RecordField& field);
const std::string& get_string(const RecordField& field, std::string_view expected = "a string");

/// Collects the segments of one record, within the bounds of a document.
class RecordBuilder {
 public:
  /// Both must outlive the builder.
  RecordBuilder(const std::string& default_image, const FindPicture& find)
      : default_image_(default_image), find_(find) {}

  bool has_default_image() const { return !default_image_.empty(); }
  /// The name in `field`, or the default image's where there is none.
  std::string image_name(const RecordField& field) const;

  void add_image(const std::string& name);
  void add_base64(const RecordField& field);
  /// Adds nothing for text that is empty.
  void add_text(std::string_view text, bool target = true);
  /// Text that goes on where the text before it ended.
  void continue_text(std::string_view text, std::string_view separator);

  Document& document() { return document_; }
  Document finish();

 private:
  void add_picture(std::string bytes);
  void add_segment(Segment segment);
  void count_bytes(std::size_t bytes);

  const std::string& default_image_;
  const FindPicture& find_;
  Document document_;
  std::int64_t bytes_ = 0;
};

}  // namespace ablate
