#include "data/record.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/answer_form.hpp"
#include "data/problem.hpp"
#include "data/record_builder.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxChoices = 1'024;
/// LLaVA's mark for the place of a picture.
constexpr std::string_view kImageMark = "<image>";

/// Keys that other people's records have in the place of `image`, in any case. Texts have some of them, too.
constexpr std::string_view kImageKeys[] = {
    "image",    "file_name", "filename", "filepath",       "image_path", "image_paths",     "image_file",
    "img_file", "img_path",  "img",      "image_filename", "image_name", "image_file_name", "image_url",
    "images",   "picture",   "path"};
/// Also of pictures that cannot be read: their records are broken, and no texts.
constexpr std::string_view kImageEndings[] = {".jpg",  ".jpeg", ".jpe", ".jfif", ".png",
                                              ".webp", ".gif",  ".bmp", ".tif",  ".tiff",
                                              ".heic", ".avif", ".jp2", ".svg",  ".ppm"};

/// Whether a text, in any case, ends as the name of a picture does.
bool has_image_ending(std::string_view text) {
  return std::any_of(std::begin(kImageEndings), std::end(kImageEndings), [&](std::string_view ending) {
    return text.size() > ending.size() && lower_case(text.substr(text.size() - ending.size())) == ending;
  });
}

/// Whether a value is the name of a picture, or holds some.
bool names_picture(const Json& value) {
  if (value.is_string()) return has_image_ending(value.get_ref<const std::string&>());
  return value.is_structured() && std::any_of(value.begin(), value.end(), names_picture);
}

/// The key of the one picture of a record, whatever it is called. Where there is a picture without it, only
/// `image` counts: what else is named may be the file that the picture was made of.
RecordField find_image(const Json& record, const RecordBuilder& builder) {
  const RecordField image = find_field(record, "image");
  if (image.has() || builder.has_default_image()) return image;
  for (const std::string_view known : kImageKeys)
    for (const auto& [key, value] : record.items())
      if (lower_case(key) == known && names_picture(value)) return find_field(record, key.c_str());
  return image;
}

void read_segments(const Json& record, RecordBuilder& builder) {
  const RecordField list = get_field(record, "segments");
  for (std::size_t i = 0; i < get_list(list).size(); ++i) {
    const RecordField entry = get_entry(list, i);
    const RecordField text = find_field(get_object(entry), "text", entry.where);
    const RecordField image = find_field(*entry.value, "image", entry.where);
    if (text.has() == image.has())
      fail_record(fmt::format("{}: {} of the keys 'text' and 'image'; expected one", entry.where,
                              text.has() ? "both" : "none"));
    if (text.has())
      builder.add_text(get_string(text));
    else
      builder.add_image(builder.image_name(image));
  }
}

void read_mmc4(const Json& record, RecordBuilder& builder) {
  const RecordField sentences = get_field(record, "text_list"), images = get_field(record, "image_info");
  const std::size_t num_sentences = get_list(sentences).size();
  std::vector<std::pair<std::size_t, std::size_t>> order;  // sentence, image
  for (std::size_t i = 0; i < get_list(images).size(); ++i) {
    const RecordField image = get_entry(images, i);
    const RecordField index = get_field(get_object(image), "matched_text_index", image.where);
    // A negative one becomes a large one.
    if (!index.value->is_number_integer() || index.value->get<std::uint64_t>() >= num_sentences)
      fail_type(index, fmt::format("the index of one of {} sentences in text_list", num_sentences));
    order.emplace_back(index.value->get<std::size_t>(), i);
  }
  std::sort(order.begin(), order.end());
  auto next = order.begin();
  for (std::size_t sentence = 0; sentence < num_sentences; ++sentence) {
    for (; next != order.end() && next->first == sentence; ++next) {
      const RecordField image = get_entry(images, next->second);
      const RecordField base64 = find_field(*image.value, "image_base64", image.where);
      if (base64.has())
        builder.add_base64(base64);
      else
        builder.add_image(get_string(get_field(*image.value, "image_name", image.where)));
    }
    builder.continue_text(get_string(get_entry(sentences, sentence)), " ");
  }
}

void read_obelics(const Json& record, RecordBuilder& builder) {
  const RecordField texts = get_field(record, "texts"), images = get_field(record, "images");
  const std::size_t count = get_list(texts).size();
  if (get_list(images).size() != count)
    fail_record(
        fmt::format("texts has {} entries and images {}; expected as many", count, images.value->size()));
  for (std::size_t i = 0; i < count; ++i) {
    const RecordField text = get_entry(texts, i), image = get_entry(images, i);
    constexpr std::string_view kExpected = "a string or null";
    if (text.has()) get_string(text, kExpected);
    if (image.has()) get_string(image, kExpected);
    if (text.has() == image.has())
      fail_record(fmt::format("texts[{0}] and images[{0}]: {1} null; expected one of them", i,
                              text.has() ? "none is" : "both are"));
    if (text.has())
      builder.continue_text(get_string(text), "\n\n");
    else
      builder.add_image(builder.image_name(image));
  }
}

/// A list of texts, each a string or (`member` of) an object, as references.
void read_references(const RecordField& list, const char* member, RecordBuilder& builder) {
  std::vector<std::string>& references = builder.document().references;
  for (std::size_t i = 0; i < get_list(list, kMaxChoices).size(); ++i) {
    const RecordField entry = get_entry(list, i);
    const bool is_object = entry.value->is_object();
    std::string text =
        clean_text(get_string(is_object ? get_field(*entry.value, member, entry.where) : entry));
    if (!text.empty()) references.push_back(std::move(text));
  }
  if (references.empty()) fail_document(ProblemKind::text, list.where + ": empty");
}

void read_choices(const RecordField& list, RecordBuilder& builder) {
  for (std::size_t i = 0; i < get_list(list, kMaxChoices).size(); ++i)
    builder.document().choices.push_back(clean_text(get_string(get_entry(list, i))));
}

/// The keys `multiple_choice_answer`, `answer`, `answers` and `choices`, for questions and episodes.
void read_answer(const Json& record, RecordBuilder& builder) {
  Document& document = builder.document();
  const RecordField answers = find_field(record, "answers"), list = find_field(record, "choices");
  if (answers.has()) read_references(answers, "answer", builder);
  if (list.has()) read_choices(list, builder);
  RecordField named = find_field(record, "multiple_choice_answer");
  if (!named.has()) named = find_field(record, "answer");
  const bool is_voted = !named.has() && answers.has();
  std::string answer;
  if (is_voted) {
    const VotedAnswer voted = vote_answer(document.references, document.choices);
    answer = voted.text;
    document.answer_by_order = voted.by_order;
  } else {
    if (!named.has()) named = get_field(record, "answer");
    answer = clean_text(get_string(named));
    if (answer.empty()) fail_document(ProblemKind::text, named.where + ": empty");
  }
  if (list.has() &&
      std::find(document.choices.begin(), document.choices.end(), answer) == document.choices.end())
    fail_record(is_voted ? "answers: the most common one is none of choices; expected one of them"
                         : named.where + ": none of choices; expected one of them, spelt alike");
  builder.add_text(answer);
}

void read_episode(const Json& record, RecordBuilder& builder) {
  const RecordField support = get_field(record, "support"), query = get_field(record, "query");
  for (std::size_t i = 0; i < get_list(support).size(); ++i) {
    const RecordField shot = get_entry(support, i);
    builder.add_image(get_string(get_field(get_object(shot), "image", shot.where)));
    builder.add_text(get_string(get_field(*shot.value, "text", shot.where)), /*target=*/false);
  }
  builder.add_image(builder.image_name(find_field(get_object(query), "image", query.where)));
  const RecordField question = find_field(record, "question");
  if (question.has()) builder.add_text(get_string(question), /*target=*/false);
  read_answer(record, builder);
}

void read_question(const Json& record, RecordBuilder& builder) {
  const RecordField image = find_image(record, builder);
  if (image.has() || builder.has_default_image()) builder.add_image(builder.image_name(image));
  const std::string question = clean_text(get_string(get_field(record, "question")));
  if (question.empty()) fail_document(ProblemKind::text, "question: empty");
  builder.add_text(question, /*target=*/false);
  read_answer(record, builder);
}

/// The names of the pictures of a conversation, in their order.
std::vector<std::string> conversation_images(const Json& record, const RecordBuilder& builder) {
  const RecordField image = find_image(record, builder);
  if (!image.has() && !builder.has_default_image()) return {};
  if (!image.has() || !image.value->is_array()) return {builder.image_name(image)};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < get_list(image).size(); ++i)
    names.push_back(builder.image_name(get_entry(image, i)));
  return names;
}

/// The system prompt beside the turns, or in a first turn of its own.
void read_system(const Json& record, const RecordField& turns, RecordBuilder& builder) {
  const RecordField system = find_field(record, "system");
  if (system.has()) builder.document().system = clean_text(get_string(system));
  if (get_list(turns).empty()) return;
  const RecordField first = get_entry(turns, 0);
  const RecordField from = get_field(get_object(first), "from", first.where);
  if (get_string(from) != "system") return;
  if (system.has())
    fail_record(fmt::format("{}.from: 'system' beside the key system; expected one of them", first.where));
  builder.document().system = clean_text(get_string(get_field(*first.value, "value", first.where)));
}

void read_conversations(const Json& record, RecordBuilder& builder) {
  const RecordField turns = get_field(record, "conversations");
  const std::vector<std::string> images = conversation_images(record, builder);
  read_system(record, turns, builder);
  std::string before;  // Who spoke last.
  std::size_t num_marks = 0;
  for (std::size_t i = 0; i < get_list(turns).size(); ++i) {
    const RecordField turn = get_entry(turns, i);
    const std::string& from = get_string(get_field(get_object(turn), "from", turn.where));
    if (from == "system" && i == 0) continue;
    if (from != "human" && from != "gpt")
      fail_record(fmt::format("{}.from: '{}'; expected 'human' or 'gpt'", turn.where, printable(from)));
    const bool is_answer = from == "gpt";
    if (from == before)
      fail_record(fmt::format("{}.from: '{}' twice in a row; expected '{}'", turn.where, from,
                              is_answer ? "human" : "gpt"));
    const RecordField value = get_field(*turn.value, "value", turn.where);
    std::string_view text = get_string(value);
    if (is_answer && before.empty()) continue;  // It answers nothing. LLaVA leaves it out, too.
    before = from;
    if (is_answer && text.find(kImageMark) != text.npos)
      fail_record(fmt::format("{}: <image> in an answer; expected it in a turn of 'human'", value.where));
    const std::size_t segments_before = builder.document().segments.size();
    for (auto mark = text.find(kImageMark); mark != text.npos; mark = text.find(kImageMark)) {
      builder.add_text(text.substr(0, mark), is_answer);
      if (++num_marks <= images.size()) builder.add_image(images[num_marks - 1]);
      text.remove_prefix(mark + kImageMark.size());
    }
    builder.add_text(text, is_answer);
    if (builder.document().segments.size() == segments_before && num_marks <= images.size())
      fail_document(ProblemKind::text, fmt::format("{}: empty; expected {}", value.where,
                                                   is_answer ? "an answer" : "a question or a picture"));
  }
  if (num_marks != images.size())
    fail_record(fmt::format("conversations: {} times <image>; expected {}, as there {}", num_marks,
                            images.size(),
                            images.empty()       ? "is no picture"
                            : images.size() == 1 ? "is one picture"
                                                 : fmt::format("are {} pictures", images.size())));
}

void read_caption(const Json& record, RecordBuilder& builder) {
  builder.add_image(builder.image_name(find_image(record, builder)));
  const RecordField captions = find_field(record, "captions");
  if (captions.has()) {
    read_references(captions, "caption", builder);
    builder.add_text(builder.document().references.front());
  } else {
    const bool has_caption = find_field(record, "caption").has();
    const RecordField caption =
        has_caption || !record.contains("text") ? get_field(record, "caption") : get_field(record, "text");
    builder.add_text(get_string(caption));
  }
  const RecordField synthetic = find_field(record, "synthetic_caption");
  if (synthetic.has()) builder.document().synthetic_caption = clean_text(get_string(synthetic));
}

using ReadForm = void (*)(const Json& record, RecordBuilder& builder);

/// The key that tells each form, in the order in which they are looked for.
constexpr std::pair<const char*, ReadForm> kForms[] = {{"segments", read_segments},
                                                       {"text_list", read_mmc4},
                                                       {"texts", read_obelics},
                                                       {"support", read_episode},
                                                       {"conversations", read_conversations},
                                                       {"question", read_question}};

std::string describe_keys(const Json& record) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : record.items()) {
    if (keys.size() == 12) {
      keys.push_back("...");
      break;
    }
    keys.push_back(printable(key));
  }
  return keys.empty() ? "an object without keys" : "an object with " + join(keys, ", ");
}

}  // namespace

bool may_name_picture(std::string_view json) {
  // Keys of all forms begin with "image", and may be written with escapes; the others have a value that ends
  // as the name of a picture does.
  if (json.find("image") != json.npos || json.find("\\u") != json.npos) return true;
  for (auto quote = json.find('"'); quote != json.npos; quote = json.find('"', quote + 1))
    if (has_image_ending(json.substr(0, quote))) return true;
  return false;
}

bool has_form(const Json& record) {
  return record.is_object() && std::any_of(std::begin(kForms), std::end(kForms), [&](const auto& form) {
           return find_field(record, form.first).has();
         });
}

Document parse_record(const Json& record, const std::string& default_image, const FindPicture& find) {
  if (!record.is_object()) fail_record(describe_json(record) + "; expected an object");
  RecordBuilder builder(default_image, find);
  const auto form = std::find_if(std::begin(kForms), std::end(kForms),
                                 [&](const auto& known) { return find_field(record, known.first).has(); });
  const RecordField text = find_field(record, "text");
  if (form != std::end(kForms))
    form->second(record, builder);
  else if (find_field(record, "caption").has() || find_field(record, "captions").has() ||
           find_image(record, builder).has() || (text.has() && builder.has_default_image()))
    read_caption(record, builder);
  else if (text.value != nullptr)
    builder.add_text(get_string(text));
  else
    fail_record(describe_keys(record) +
                "; expected one of the keys segments, text_list, texts, support, conversations, question, "
                "caption, text");
  return builder.finish();
}

}  // namespace ablate
