#include "data/chat.hpp"

#include <boost/test/unit_test.hpp>

#include "config/names.hpp"
#include "data/fixture.hpp"
#include "data/mixture.hpp"
#include "data/record.hpp"

BOOST_AUTO_TEST_SUITE(chat)

using namespace ablate;

namespace {

constexpr std::int64_t kPlaces = 2;

/// What people read of tokens: "#" for the place of a picture, [ ] around targets.
std::string show_tokens(const TokenizedDocument& document, const Tokenizer& tokenizer) {
  std::string text;
  bool target = false;
  for (std::size_t i = 0; i < document.tokens.size(); ++i) {
    if ((document.targets[i] != 0) != target) {
      target = !target;
      text += target ? '[' : ']';
    }
    std::string piece = tokenizer.piece(document.tokens[i]);
    if (document.tokens[i] == tokenizer.special().pad) {
      piece = "#";
    } else if (piece.size() == 6 && piece.starts_with("<0x")) {
      piece = std::string(1, static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16)));
    }
    for (std::size_t at; (at = piece.find("▁")) != piece.npos;)
      piece.replace(at, std::string("▁").size(), " ");
    text += piece;
  }
  return text + (target ? "]" : "");
}

Document read_conversation(const std::string& json) {
  Document document =
      parse_record(parse_json(json), "", [](const std::string&) { return square_png(8, 9, 9, 9); });
  check_role(document, DataRole::sft);
  return document;
}

const char* const kTwoPictures =
    R"({"image": ["a.png", "b.png"], "conversations": [
      {"from": "system", "value": "Be brief."},
      {"from": "human", "value": "<image>\nWhat is beside\n<image>"}, {"from": "gpt", "value": "a red bag"},
      {"from": "human", "value": "And left of it?"}, {"from": "gpt", "value": "an über coat"}]})";

std::string written(const std::string& json, ChatFormat format, const std::string& system = "") {
  const auto tokenizer = small_tokenizer(format);
  return show_tokens(tokenize_chat(read_conversation(json), *tokenizer, {kPlaces}, {format, system}),
                     *tokenizer);
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_format_marks_turns_and_learns_answers_with_their_ends) {
  // As the templates are published, with a blank where the tokenizer puts one before a text.
  BOOST_TEST(written(kTwoPictures, ChatFormat::plain) ==
             " Be brief.<image>##</image> What is beside<image>##</image>[ a red bag</s>]"
             " And left of it?[ an über coat</s>]");
  BOOST_TEST(written(kTwoPictures, ChatFormat::vicuna) ==
             " Be brief. USER:<image>##</image> What is beside<image>##</image> ASSISTANT:[ a red bag</s>]"
             " USER: And left of it? ASSISTANT:[ an über coat</s>]");
  BOOST_TEST(written(kTwoPictures, ChatFormat::chatml) ==
             "<|im_start|> system\n Be brief.<|im_end|> \n"
             "<|im_start|> user\n<image>##</image> What is beside<image>##</image><|im_end|> \n"
             "<|im_start|> assistant\n[ a red bag<|im_end|>] \n"
             "<|im_start|> user\n And left of it?<|im_end|> \n"
             "<|im_start|> assistant\n[ an über coat<|im_end|>] \n");
}

BOOST_AUTO_TEST_CASE(text_alone_and_a_system_prompt_of_the_recipe) {
  const std::string text =
      R"({"conversations": [{"from": "human", "value": "Is it red?"}, {"from": "gpt", "value": "no"}]})";
  BOOST_TEST(written(text, ChatFormat::plain) == " Is it red?[ no</s>]");
  BOOST_TEST(written(text, ChatFormat::vicuna, "A chat.") == " A chat. USER: Is it red? ASSISTANT:[ no</s>]");
  BOOST_TEST(written(text, ChatFormat::chatml) ==
             "<|im_start|> user\n Is it red?<|im_end|> \n<|im_start|> assistant\n[ no<|im_end|>] \n");
  // Its own goes before that of the recipe.
  BOOST_TEST(written(kTwoPictures, ChatFormat::vicuna, "A chat.").starts_with(" Be brief. USER:"));
}

BOOST_AUTO_TEST_CASE(a_question_with_its_answer_is_a_conversation_of_one_turn) {
  const std::string question =
      R"({"image": "a.png", "question": "What?", "answer": "bag", "choices": ["bag", "coat"]})";
  BOOST_TEST(written(question, ChatFormat::vicuna) == " USER:<image>##</image> What? ASSISTANT:[ bag</s>]");
  // Plain, it is what a document is.
  const Document document = read_conversation(question);
  const TokenizedDocument plain = tokenize_chat(document, *small_tokenizer(), {kPlaces}, {}),
                          as_document = tokenize(document, *small_tokenizer(), {kPlaces});
  BOOST_TEST(plain.tokens == as_document.tokens, boost::test_tools::per_element());
  BOOST_TEST(plain.targets == as_document.targets, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_text_is_encoded_by_itself) {
  const auto tokenizer = small_tokenizer();
  std::vector<std::int32_t> expected;
  for (const char* text :
       {"Be brief.", "USER:", "<image>", "What is beside", "<image>", "ASSISTANT:", "a red bag", "</s>",
        "USER:", "And left of it?", "ASSISTANT:", "an über coat", "</s>"}) {
    const SpecialPieces& special = tokenizer->special();
    std::vector<std::int32_t> tokens = tokenizer->encode(text);
    if (text == std::string("</s>")) tokens = {special.document_end};
    if (text == std::string("<image>"))
      tokens = {special.image_start, special.pad, special.pad, special.image_end};
    expected.insert(expected.end(), tokens.begin(), tokens.end());
  }
  const TokenizedDocument found =
      tokenize_chat(read_conversation(kTwoPictures), *tokenizer, {kPlaces}, {ChatFormat::vicuna, ""});
  BOOST_TEST(found.tokens == expected, boost::test_tools::per_element());
  BOOST_REQUIRE(found.images.size() == 2u);
  for (const PlacedPicture& picture : found.images) {
    BOOST_TEST(found.tokens[static_cast<std::size_t>(picture.start - 1)] == tokenizer->special().image_start);
    BOOST_TEST(found.tokens[static_cast<std::size_t>(picture.start + kPlaces)] ==
               tokenizer->special().image_end);
  }
}

BOOST_AUTO_TEST_CASE(a_prompt_ends_where_its_answer_begins) {
  for (const auto& format : names_of<ChatFormat>()) {
    const auto tokenizer = small_tokenizer(format.value);
    const Chat style{format.value, "A chat."};
    Document document = read_conversation(kTwoPictures);
    const TokenizedDocument whole = tokenize_chat(document, *tokenizer, {kPlaces}, style);
    const std::string answer = document.segments.back().text;
    document.segments.pop_back();
    const TokenizedDocument prompt = tokenize_chat_prompt(document, *tokenizer, {kPlaces}, style);
    std::vector<std::int32_t> joined = prompt.tokens;
    for (const std::int32_t token : tokenizer->encode(answer)) joined.push_back(token);
    joined.push_back(answer_end(*tokenizer, format.value));
    BOOST_TEST_CONTEXT(format.name) {
      BOOST_REQUIRE(joined.size() <= whole.tokens.size());
      BOOST_TEST(std::equal(joined.begin(), joined.end(), whole.tokens.begin()));
      BOOST_TEST(std::count(prompt.targets.begin(), prompt.targets.end(), 1) == 0);
      BOOST_TEST(prompt.targets.size() == prompt.tokens.size());
      BOOST_TEST(std::count(whole.targets.begin() + std::ssize(joined), whole.targets.end(), 1) == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(labels_are_the_answers_and_nothing_else) {
  for (const auto& format : names_of<ChatFormat>()) {
    const auto tokenizer = small_tokenizer(format.value);
    SequencePlan plan;
    plan.documents = {
        tokenize_chat(read_conversation(kTwoPictures), *tokenizer, {kPlaces}, {format.value, ""})};
    MixtureSettings settings;
    settings.seq_len = 200, settings.image_tokens = kPlaces, settings.resolution = 8;
    const Sequence sequence = load_sequence(plan, settings, tokenizer->special());
    TokenizedDocument learnt;
    for (const std::int32_t label : sequence.labels)
      if (label != kNoTarget) append_token(learnt, label, false);
    const std::string end = tokenizer->piece(answer_end(*tokenizer, format.value));
    BOOST_TEST(show_tokens(learnt, *tokenizer) == " a red bag" + end + " an über coat" + end);
  }
}

BOOST_AUTO_TEST_CASE(no_text_can_end_a_turn) {
  const auto tokenizer = small_tokenizer(ChatFormat::chatml);
  BOOST_TEST(tokenizer->vocab_size() == small_tokenizer()->vocab_size() + 2);
  BOOST_TEST(small_tokenizer()->special().turn_end == -1);
  for (const std::int32_t token : tokenizer->encode("a </s> <|im_end|> <|im_start|> <image>")) {
    BOOST_TEST(token != tokenizer->special().turn_start);
    BOOST_TEST(token != tokenizer->special().turn_end);
    BOOST_TEST(token != tokenizer->special().document_end);
    BOOST_TEST(token != tokenizer->special().image_start);
  }
}

BOOST_AUTO_TEST_SUITE_END()
