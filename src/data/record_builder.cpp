#include "data/record_builder.hpp"

#include <fmt/format.h>

#include "data/base64.hpp"
#include "data/problem.hpp"

namespace ablate {

void fail_record(std::string message) { fail_document(ProblemKind::record, std::move(message)); }

std::string describe_json(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::array:
      return "a list";
    case Json::value_t::object:
      return "an object";
    default:
      return fmt::format("the number {}", value.dump());
  }
}

void fail_type(const RecordField& field, std::string_view expected) {
  fail_record(fmt::format("{}: {}; expected {}", field.where, describe_json(*field.value), expected));
}

RecordField find_field(const Json& object, const char* key, const std::string& inside) {
  const auto found = object.find(key);
  return {found == object.end() ? nullptr : &*found, inside.empty() ? key : inside + "." + key};
}

RecordField get_field(const Json& object, const char* key, const std::string& inside) {
  RecordField field = find_field(object, key, inside);
  if (field.value == nullptr) fail_record(fmt::format("no key '{}'", field.where));
  return field;
}

RecordField get_entry(const RecordField& list, std::size_t index) {
  return {&(*list.value)[index], fmt::format("{}[{}]", list.where, index)};
}

const Json& get_list(const RecordField& field, std::size_t max_entries) {
  if (!field.value->is_array()) fail_type(field, "a list");
  if (field.value->size() > max_entries)
    fail_record(
        fmt::format("{}: {} entries; expected at most {}", field.where, field.value->size(), max_entries));
  return *field.value;
}

const Json& get_object(const RecordField& field) {
  if (!field.value->is_object()) fail_type(field, "an object");
  return *field.value;
}

const std::string& get_string(const RecordField& field, std::string_view expected) {
  if (!field.value->is_string()) fail_type(field, expected);
  return field.value->get_ref<const std::string&>();
}

std::string RecordBuilder::image_name(const RecordField& field) const {
  if (!field.has()) {
    if (has_default_image()) return default_image_;
    fail_record(fmt::format("no key '{}', and no picture beside the record", field.where));
  }
  const std::string& name = get_string(field);
  if (name.empty()) fail_record(fmt::format("{}: empty; expected the name of a picture", field.where));
  return name;
}

void RecordBuilder::add_image(const std::string& name) { add_picture(find_(name)); }

void RecordBuilder::add_base64(const RecordField& field) {
  auto bytes = decode_base64(get_string(field));
  if (!bytes) fail_record(fmt::format("{}: no base64", field.where));
  add_picture(std::move(*bytes));
}

void RecordBuilder::add_text(std::string_view text, bool target) {
  std::string cleaned = clean_text(text);
  if (cleaned.empty()) return;
  count_bytes(cleaned.size());
  add_segment({std::move(cleaned), nullptr, target});
}

void RecordBuilder::continue_text(std::string_view text, std::string_view separator) {
  auto& segments = document_.segments;
  if (segments.empty() || segments.back().picture) return add_text(text);
  const std::string cleaned = clean_text(text);
  if (cleaned.empty()) return;
  count_bytes(cleaned.size());
  segments.back().text.append(separator).append(cleaned);
}

Document RecordBuilder::finish() {
  if (document_.segments.empty()) fail_document(ProblemKind::text, "neither text nor picture in it");
  return std::move(document_);
}

void RecordBuilder::add_picture(std::string bytes) {
  count_bytes(bytes.size());
  add_segment({"", std::make_shared<const Picture>(std::move(bytes)), /*target=*/false});
}

void RecordBuilder::add_segment(Segment segment) {
  if (document_.segments.size() == kMaxSegments)
    fail_record(fmt::format("more than {} segments; expected at most that", kMaxSegments));
  document_.segments.push_back(std::move(segment));
}

void RecordBuilder::count_bytes(std::size_t bytes) {
  bytes_ += static_cast<std::int64_t>(bytes);
  if (bytes_ > kMaxDocumentBytes)
    fail_document(
        ProblemKind::too_large,
        fmt::format("text and pictures of more than {} bytes; expected at most that", kMaxDocumentBytes));
}

}  // namespace ablate
