#include "data/record.hpp"

#include <boost/test/unit_test.hpp>

#include "data/base64.hpp"
#include "shard_fixture.hpp"

namespace {

using namespace ablate;

/// The document of one record, or its problem. Pictures are their names.
std::string show_record(const std::string& text, const std::string& default_image = "") {
  try {
    return show_document(
        parse_record(parse_json(text), default_image, [](const std::string& name) { return name; }));
  } catch (const BrokenDocument& broken) {
    BOOST_TEST(broken.problem.where.empty());
    return to_name(broken.problem.kind) + ": " + broken.problem.message;
  }
}

/// All that is right to say: "a | b".
std::string show_references(const std::string& text, const std::string& default_image = "") {
  std::string shown;
  for (const std::string& reference :
       parse_record(parse_json(text), default_image, [](const std::string& name) { return name; }).references)
    shown += (shown.empty() ? "" : " | ") + reference;
  return shown;
}

std::string json_mistake(const std::string& text) {
  try {
    parse_json(text);
  } catch (const BrokenDocument& broken) {
    BOOST_TEST(to_name(broken.problem.kind) == "json");
    return broken.problem.message;
  }
  return "none";
}

std::string role_mistake(const std::string& text, DataRole role) {
  try {
    check_role(parse_record(parse_json(text), "", [](const std::string& name) { return name; }), role);
  } catch (const BrokenDocument& broken) {
    return broken.problem.message;
  }
  return "none";
}

}  // namespace

BOOST_AUTO_TEST_CASE(segments_are_kept_in_their_order) {
  BOOST_TEST(
      show_record(R"({"segments": [{"text": " A "}, {"image": "a.jpg"}, {"text": ""}, {"image": "b.jpg"},
                                    {"text": "B", "image": null}]})") == "A [a.jpg] [b.jpg] B");
  BOOST_TEST(show_record(R"({"segments": "A"})") == "record: segments: a string; expected a list");
  BOOST_TEST(show_record(R"({"segments": [{"text": "A"}, "B"]})") ==
             "record: segments[1]: a string; expected an object");
  BOOST_TEST(show_record(R"({"segments": [{}]})") ==
             "record: segments[0]: none of the keys 'text' and 'image'; expected one");
  BOOST_TEST(show_record(R"({"segments": [{"text": "A", "image": "a.jpg"}]})") ==
             "record: segments[0]: both of the keys 'text' and 'image'; expected one");
  BOOST_TEST(show_record(R"({"segments": [{"text": 3}]})") ==
             "record: segments[0].text: the number 3; expected a string");
  BOOST_TEST(show_record(R"({"segments": [{"image": ""}]})") ==
             "record: segments[0].image: empty; expected the name of a picture");
  BOOST_TEST(show_record(R"({"segments": []})") == "text: neither text nor picture in it");
  std::string many = R"({"text": "x"})";
  for (int i = 0; i < 65'536; ++i) many += R"(,{"text": "x"})";
  BOOST_TEST(show_record(R"({"segments": [)" + many + "]}") ==
             "record: segments: 65537 entries; expected at most 65536");
}

BOOST_AUTO_TEST_CASE(pictures_of_mmc4_stand_before_their_sentence) {
  BOOST_TEST(show_record(R"({"text_list": ["A.", "B.", "C."], "similarity_matrix": [[0.1, NaN, 0.2]],
                       "image_info": [{"image_name": "2.jpg", "matched_text_index": 2, "matched_sim": 0.3},
                                      {"image_name": "0.jpg", "matched_text_index": 0},
                                      {"image_name": "3.jpg", "matched_text_index": 2}]})") ==
             "[0.jpg] A. B. [2.jpg] [3.jpg] C.");
  BOOST_TEST(
      show_record(
          R"({"text_list": ["A."], "image_info": [{"image_base64": "QUJD", "matched_text_index": 0}]})") ==
      "[ABC] A.");
  BOOST_TEST(show_record(R"({"text_list": ["A."], "image_info": []})") == "A.");
  BOOST_TEST(show_record(R"({"text_list": ["A."]})") == "record: no key 'image_info'");
  for (const char* index : {"1", "-1", "18446744073709551615"})
    BOOST_TEST(
        show_record(R"({"text_list": ["A."], "image_info": [{"image_name": "0.jpg", "matched_text_index": )" +
                    std::string(index) + "}]}") ==
        "record: image_info[0].matched_text_index: the number " + std::string(index) +
            "; expected the index of one of 1 sentences in text_list");
  BOOST_TEST(show_record(R"({"text_list": ["A."], "image_info": [{"matched_text_index": 0}]})") ==
             "record: no key 'image_info[0].image_name'");
  BOOST_TEST(
      show_record(
          R"({"text_list": ["A."], "image_info": [{"image_base64": "QUJ", "matched_text_index": 0}]})") ==
      "record: image_info[0].image_base64: no base64");
  BOOST_TEST(show_record(R"({"text_list": ["A.", 1], "image_info": []})") ==
             "record: text_list[1]: the number 1; expected a string");
}

BOOST_AUTO_TEST_CASE(obelics_has_a_text_or_a_picture_at_each_index) {
  BOOST_TEST(show_record(R"({"texts": ["A", null, "B", "C"], "images": [null, "i.jpg", null, null]})") ==
             "A [i.jpg] B\n\nC");
  BOOST_TEST(show_record(R"({"texts": ["A", null], "images": [null, null]})") ==
             "record: texts[1] and images[1]: both are null; expected one of them");
  BOOST_TEST(show_record(R"({"texts": ["A"], "images": ["i.jpg"]})") ==
             "record: texts[0] and images[0]: none is null; expected one of them");
  BOOST_TEST(show_record(R"({"texts": ["A", null], "images": [null]})") ==
             "record: texts has 2 entries and images 1; expected as many");
  BOOST_TEST(show_record(R"({"texts": ["A", "B", null], "images": [null, null, 5]})") ==
             "record: images[2]: the number 5; expected a string or null");
  BOOST_TEST(show_record(R"({"texts": ["A"]})") == "record: no key 'images'");
}

BOOST_AUTO_TEST_CASE(an_episode_asks_about_its_last_picture) {
  const std::string support = R"("support": [{"image": "1.jpg", "text": "This is a dax."},
                                             {"image": "2.jpg", "text": "This is a wug."}])";
  BOOST_TEST(show_record("{" + support +
                         R"(, "query": {"image": "3.jpg"}, "question": "What is this?", "answer": "dax",
                                       "choices": ["dax", "wug"]})") ==
             "[1.jpg] (This is a dax.) [2.jpg] (This is a wug.) [3.jpg] (What is this?) dax | dax | wug");
  BOOST_TEST(show_record("{" + support + R"(, "query": {"image": "3.jpg"}, "answer": "dax"})") ==
             "[1.jpg] (This is a dax.) [2.jpg] (This is a wug.) [3.jpg] dax");
  BOOST_TEST(show_record("{" + support + "}") == "record: no key 'query'");
  BOOST_TEST(show_record("{" + support + R"(, "query": "3.jpg", "answer": "dax"})") ==
             "record: query: a string; expected an object");
  BOOST_TEST(show_record("{" + support + R"(, "query": {}, "answer": "dax"})") ==
             "record: no key 'query.image', and no picture beside the record");
  BOOST_TEST(
      show_record(R"({"support": [{"image": "1.jpg"}], "query": {"image": "2.jpg"}, "answer": "a"})") ==
      "record: no key 'support[0].text'");
}

BOOST_AUTO_TEST_CASE(the_picture_of_a_conversation_stands_where_its_mark_is) {
  const auto turns = [](const std::string& question) {
    return R"("conversations": [{"from": "human", "value": ")" + question +
           R"("}, {"from": "gpt", "value": "A."}, {"from": "human", "value": "And?"}, {"from": "gpt", "value": "B."}]})";
  };
  BOOST_TEST(show_record(R"({"image": "i.jpg", )" + turns("<image>\\nWhat?")) ==
             "[i.jpg] (What?) A. (And?) B.");
  BOOST_TEST(show_record(R"({"image": "i.jpg", )" + turns("What?\\n<image>")) ==
             "(What?) [i.jpg] A. (And?) B.");
  BOOST_TEST(show_record("{" + turns("<image> What?"), "k.jpg") == "[k.jpg] (What?) A. (And?) B.");
  BOOST_TEST(show_record("{" + turns("What?")) == "(What?) A. (And?) B.");
  BOOST_TEST(show_record(R"({"image": "i.jpg", )" + turns("What?")) ==
             "record: conversations: 0 times <image>; expected 1, as there is one picture");
  BOOST_TEST(show_record(R"({"image": "i.jpg", )" + turns("<image><image>")) ==
             "record: conversations: 2 times <image>; expected 1, as there is one picture");
  BOOST_TEST(show_record("{" + turns("<image>")) ==
             "record: conversations: 1 times <image>; expected 0, as there is no picture");
  BOOST_TEST(show_record(R"({"conversations": [{"from": "bot", "value": "A"}]})") ==
             "record: conversations[0].from: 'bot'; expected 'human' or 'gpt'");
  BOOST_TEST(show_record(R"({"conversations": [{"from": "gpt"}]})") ==
             "record: no key 'conversations[0].value'");
}

BOOST_AUTO_TEST_CASE(the_nth_mark_of_a_conversation_is_its_nth_picture) {
  const std::string turns =
      R"("conversations": [{"from": "human", "value": "<image> or <image>?"}, {"from": "gpt", "value": "A."},)"
      R"( {"from": "human", "value": "And <image>"}, {"from": "gpt", "value": "B."}]})";
  for (const char* key : {"image", "images"})
    BOOST_TEST(show_record(std::string("{\"") + key + R"(": ["a.jpg", "b.jpg", "c.jpg"], )" + turns) ==
               "[a.jpg] (or) [b.jpg] (?) A. (And) [c.jpg] B.");
  BOOST_TEST(show_record(R"({"image": ["a.jpg", "b.jpg"], )" + turns) ==
             "record: conversations: 3 times <image>; expected 2, as there are 2 pictures");
  BOOST_TEST(show_record(R"({"image": ["a.jpg", 3, "b.jpg"], )" + turns) ==
             "record: image[1]: the number 3; expected a string");
  BOOST_TEST(show_record(R"({"image": [], "conversations": [{"from": "human", "value": "Q"}, )"
                         R"({"from": "gpt", "value": "A"}]})") == "(Q) A");
}

BOOST_AUTO_TEST_CASE(the_turns_of_a_conversation_are_told_from_one_another) {
  const auto turns = [](const std::vector<std::pair<std::string, std::string>>& spoken,
                        const std::string& keys = "") {
    Json list = Json::array();
    for (const auto& [from, value] : spoken) list.push_back({{"from", from}, {"value", value}});
    return "{" + keys + "\"conversations\": " + list.dump() + "}";
  };
  const auto system_of = [](const std::string& record) {
    return parse_record(parse_json(record), "", [](const std::string& name) { return name; }).system;
  };
  const std::string as_turn = turns({{"system", " Be brief. "}, {"human", "Q"}, {"gpt", "A"}});
  BOOST_TEST(show_record(as_turn) == "(Q) A");
  BOOST_TEST(system_of(as_turn) == "Be brief.");
  BOOST_TEST(system_of(turns({{"human", "Q"}, {"gpt", "A"}}, R"("system": "Be kind.", )")) == "Be kind.");
  BOOST_TEST(system_of(turns({{"human", "Q"}, {"gpt", "A"}})) == "");
  BOOST_TEST(show_record(turns({{"system", "S"}, {"human", "Q"}}, R"("system": "T", )")) ==
             "record: conversations[0].from: 'system' beside the key system; expected one of them");
  BOOST_TEST(show_record(turns({{"human", "Q"}, {"system", "S"}})) ==
             "record: conversations[1].from: 'system'; expected 'human' or 'gpt'");
  BOOST_TEST(show_record(turns({{"human", "Q"}, {"human", "R"}})) ==
             "record: conversations[1].from: 'human' twice in a row; expected 'gpt'");
  BOOST_TEST(show_record(turns({{"human", "Q"}, {"gpt", "A"}, {"gpt", "B"}})) ==
             "record: conversations[2].from: 'gpt' twice in a row; expected 'human'");
  // What answers nothing is left out, as LLaVA does.
  BOOST_TEST(show_record(turns({{"gpt", "Hello."}, {"human", "Q"}, {"gpt", "A"}})) == "(Q) A");
  BOOST_TEST(show_record(turns({{"human", " "}, {"gpt", "A"}})) ==
             "text: conversations[0].value: empty; expected a question or a picture");
  BOOST_TEST(show_record(turns({{"human", "Q"}, {"gpt", ""}})) ==
             "text: conversations[1].value: empty; expected an answer");
  BOOST_TEST(show_record(turns({{"human", "Q"}, {"gpt", "<image>"}}, R"("image": "i.jpg", )")) ==
             "record: conversations[1].value: <image> in an answer; expected it in a turn of 'human'");
}

BOOST_AUTO_TEST_CASE(an_answer_is_one_of_its_choices) {
  BOOST_TEST(show_record(R"({"image": "i.jpg", "question": "Q?", "answer": "b ", "choices": ["a", "b"]})") ==
             "[i.jpg] (Q?) b | a | b");
  BOOST_TEST(show_record(R"({"question": "Q?", "answer": "b"})") == "(Q?) b");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "question": "Q?", "answer": "c", "choices": ["a", "b"]})") ==
             "record: answer: none of choices; expected one of them, spelt alike");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "question": "Q?", "answer": 0, "choices": ["a", "b"]})") ==
             "record: answer: the number 0; expected a string");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "question": "Q?", "answer": "a", "choices": ["a", true]})") ==
             "record: choices[1]: true; expected a string");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "question": " ", "answer": "a"})") == "text: question: empty");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "question": "Q?", "answer": ""})") == "text: answer: empty");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "question": "Q?"})") == "record: no key 'answer'");
}

BOOST_AUTO_TEST_CASE(of_several_answers_the_most_common_is_learnt_and_all_are_references) {
  const std::string question = R"({"image": "i.jpg", "question": "Q?", )",
                    strings = R"("answers": ["a ", "b", "a", "a"])",
                    objects = R"("answers": [{"answer": "a", "answer_id": 1}, {"answer": " b"}, "a"])";
  BOOST_TEST(show_record(question + strings + "}") == "[i.jpg] (Q?) a");
  BOOST_TEST(show_references(question + strings + "}") == "a | b | a | a");
  BOOST_TEST(show_record(question + objects + "}") == "[i.jpg] (Q?) a");
  BOOST_TEST(show_references(question + objects + "}") == "a | b | a");
  // What a record names the answer is learnt; it need not be among them.
  BOOST_TEST(show_record(question + strings + R"(, "answer": "c"})") == "[i.jpg] (Q?) c");
  BOOST_TEST(show_references(question + strings + R"(, "answer": "c"})") == "a | b | a | a");
  BOOST_TEST(show_record(question + strings + R"(, "choices": ["b", "a"]})") == "[i.jpg] (Q?) a | b | a");
  BOOST_TEST(show_record(question + strings + R"(, "choices": ["b", "c"]})") ==
             "record: answers: the most common one is none of choices; expected one of them");
  BOOST_TEST(show_references(question + R"("answer": "a"})") == "");
  BOOST_TEST(show_references(question + R"("answer": "a", "answers": null})") == "");
  BOOST_TEST(show_references(R"({"support": [], "query": {"image": "i.jpg"}, )" + strings + "}") ==
             "a | b | a | a");
}

BOOST_AUTO_TEST_CASE(the_right_answer_is_the_named_one_or_that_of_most_people) {
  const auto right = [](const std::string& keys) {
    const Document document = parse_record(parse_json(R"({"question": "Q?", )" + keys + "}"), "",
                                           [](const std::string& name) { return name; });
    return document.segments.back().text + (document.answer_by_order ? " (by order)" : "");
  };
  const std::string one_yes_first = R"("answers": ["yes", "no", "no", "no"])",
                    one_yes_last = R"("answers": ["no", "no", "no", "yes"])",
                    choices = R"(, "choices": ["yes", "no"])";
  for (const std::string& answers : {one_yes_first, one_yes_last}) {
    BOOST_TEST(right(answers) == "no");
    BOOST_TEST(right(answers + choices) == "no");
    BOOST_TEST(right(answers + R"(, "answer": "yes")" + choices) == "yes");
    BOOST_TEST(right(answers + R"(, "answer": null)" + choices) == "no");
    BOOST_TEST(right(answers + R"(, "multiple_choice_answer": " yes", "answer": "no")" + choices) == "yes");
    BOOST_TEST(right(answers + R"(, "multiple_choice_answer": null, "answer": "yes")" + choices) == "yes");
  }
  BOOST_TEST(right(R"("multiple_choice_answer": "yes")") == "yes");
  BOOST_TEST(right(R"("answers": [{"answer": "2"}, {"answer": "no"}, {"answer": "no"}])") == "no");

  // Answers that the metric takes for equal are equal: of three forms of "2" one is no choice, two are.
  BOOST_TEST(right(R"("answers": ["3", "3", "two", "2", "The 2."])") == "two (by order)");
  BOOST_TEST(right(R"("answers": ["3", "3", "two", "2", "2"])") == "2");
  BOOST_TEST(right(R"("answers": ["3", "3", "The 2.", "TWO", "2"], "choices": ["3", "2"])") == "2");
  BOOST_TEST(right(R"("answers": ["No.", "NO"], "choices": ["Yes", "No"])") == "No");
  // Letters of choices are no articles.
  BOOST_TEST(right(R"("answers": ["B", "A", "A"], "choices": ["A", "B"])") == "A");

  // Of equally common ones the first that can be right.
  BOOST_TEST(right(R"("answers": ["yes", "no"])" + choices) == "yes (by order)");
  BOOST_TEST(right(R"("answers": ["no", "yes"])" + choices) == "no (by order)");
  BOOST_TEST(right(R"("answers": ["perhaps", "no"])") == "perhaps (by order)");
  BOOST_TEST(right(R"("answers": ["perhaps", "no"])" + choices) == "no");
  BOOST_TEST(right(R"("answers": ["perhaps", "no"], "answer": "no")") == "no");

  const auto mistake = [](const std::string& keys) {
    return show_record(R"({"question": "Q?", )" + keys + "}");
  };
  BOOST_TEST(mistake(one_yes_first + R"(, "multiple_choice_answer": "No", "choices": ["yes", "no"])") ==
             "record: multiple_choice_answer: none of choices; expected one of them, spelt alike");
  BOOST_TEST(mistake(one_yes_first + R"(, "multiple_choice_answer": " ")") ==
             "text: multiple_choice_answer: empty");
  BOOST_TEST(mistake(one_yes_first + R"(, "multiple_choice_answer": 2)") ==
             "record: multiple_choice_answer: the number 2; expected a string");
}

BOOST_AUTO_TEST_CASE(answers_that_are_missing_or_of_a_wrong_type_are_told) {
  const auto show = [](const std::string& answers) {
    return show_record(R"({"question": "Q?", "answers": )" + answers + "}");
  };
  BOOST_TEST(show("[]") == "text: answers: empty");
  BOOST_TEST(show(R"(["  ", ""])") == "text: answers: empty");
  BOOST_TEST(show(R"("a")") == "record: answers: a string; expected a list");
  BOOST_TEST(show(R"(["a", 3])") == "record: answers[1]: the number 3; expected a string");
  BOOST_TEST(show(R"(["a", null])") == "record: answers[1]: null; expected a string");
  BOOST_TEST(show(R"([{"raw_answer": "a"}])") == "record: no key 'answers[0].answer'");
  BOOST_TEST(show(R"([{"answer": 3}])") == "record: answers[0].answer: the number 3; expected a string");
  BOOST_TEST(show("null") == "record: no key 'answer'");
  std::string many = R"("a")";
  for (int i = 0; i < 1024; ++i) many += R"(, "a")";
  BOOST_TEST(show("[" + many + "]") == "record: answers: 1025 entries; expected at most 1024");
}

BOOST_AUTO_TEST_CASE(of_several_captions_the_first_is_learnt_and_all_are_references) {
  const std::string captions = R"("captions": ["A cat", " Two cats ", "A cat"])";
  BOOST_TEST(show_record(R"({"image": "i.jpg", )" + captions + "}") == "[i.jpg] A cat");
  BOOST_TEST(show_references(R"({"image": "i.jpg", )" + captions + "}") == "A cat | Two cats | A cat");
  BOOST_TEST(show_record("{" + captions + R"(, "synthetic_caption": "S"})", "k.jpg") == "[k.jpg] A cat / S");
  BOOST_TEST(
      show_references(R"({"image": "i.jpg", "captions": [{"caption": "A", "id": 1}, {"caption": "B"}]})") ==
      "A | B");
  BOOST_TEST(show_references(R"({"image": "i.jpg", "caption": "A"})") == "");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "caption": "A", "captions": null})") == "[i.jpg] A");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "captions": []})") == "text: captions: empty");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "captions": "A"})") ==
             "record: captions: a string; expected a list");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "captions": [{"text": "A"}]})") ==
             "record: no key 'captions[0].caption'");
  BOOST_TEST(show_record("{" + captions + "}") == "record: no key 'image', and no picture beside the record");
  BOOST_TEST(role_mistake(R"({"image": "i", )" + captions + "}", DataRole::captions) == "none");
}

BOOST_AUTO_TEST_CASE(captions_and_texts_are_the_last_forms) {
  BOOST_TEST(show_record(R"({"image": "i.jpg", "caption": "A cat"})") == "[i.jpg] A cat");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "text": "A cat"})") == "[i.jpg] A cat");
  BOOST_TEST(show_record(R"({"image": "i.jpg", "caption": "A", "text": "B", "synthetic_caption": "S"})") ==
             "[i.jpg] A / S");
  BOOST_TEST(show_record(R"({"caption": "A cat"})", "k.jpg") == "[k.jpg] A cat");
  BOOST_TEST(show_record(R"({"image": null, "text": "A"})") == "A");
  BOOST_TEST(show_record(R"({"text": "A"})") == "A");
  BOOST_TEST(show_record(R"({"question": null, "caption": null, "segments": null, "text": "A"})") == "A");
  BOOST_TEST(show_record(R"({"text": null})") == "record: text: null; expected a string");
  BOOST_TEST(show_record(R"({"caption": "A"})") ==
             "record: no key 'image', and no picture beside the record");
  BOOST_TEST(show_record(R"({"image": "i.jpg"})") == "record: no key 'caption'");
  BOOST_TEST(show_record(R"({"image": ["i.jpg"], "caption": "A"})") ==
             "record: image: a list; expected a string");
  BOOST_TEST(show_record("[]") == "record: a list; expected an object");
  BOOST_TEST(show_record("{}") ==
             "record: an object without keys; expected one of the keys segments, text_list, texts, support, "
             "conversations, question, caption, text");
}

BOOST_AUTO_TEST_CASE(other_keys_that_name_a_picture_are_read_as_image) {
  for (const char* key : {"file_name", "filename", "image_path", "img", "img_path", "path", "image_url",
                          "filepath", "image_filename", "img_file", "image_paths", "Image", "File_Name"}) {
    const std::string name = std::string("{\"") + key + "\": \"d/0.PNG\", ";
    BOOST_TEST(show_record(name + R"("text": "A"})") == "[d/0.PNG] A");
    BOOST_TEST(show_record(name + R"("caption": "A"})") == "[d/0.PNG] A");
    BOOST_TEST(show_record(name + R"("question": "Q?", "answer": "A"})") == "[d/0.PNG] (Q?) A");
    BOOST_TEST(show_record(name + R"("label": 3})") == "record: no key 'caption'");
    BOOST_TEST(may_name_picture(name));
    // It may be the file that the picture beside the record was made of; and `image` says it by itself.
    BOOST_TEST(show_record(name + R"("caption": "A"})", "k.jpg") == "[k.jpg] A");
    BOOST_TEST(show_record(name + R"("image": "i.jpg", "text": "A"})") == "[i.jpg] A");
    // A text may have a file, too.
    const std::string file = std::string("{\"") + key + "\": \"d/a.py\", \"text\": \"A\"}";
    BOOST_TEST(show_record(file) == "A");
    BOOST_TEST(may_name_picture(file) == (std::string(key).starts_with("image")));
  }
  for (const std::string ending : {"jpg", "JFIF", "jpe", "heic", "avif", "jp2", "svg", "ppm", "gif"}) {
    BOOST_TEST(show_record("{\"img\": \"a." + ending + "\", \"text\": \"A\"}") == "[a." + ending + "] A");
    BOOST_TEST(may_name_picture("{\"img\": \"a." + ending + "\"}"));
  }
  BOOST_TEST(show_record(R"({"images": ["a.png"], "text": "A"})") ==
             "record: images: a list; expected a string");
  BOOST_TEST(show_record(R"({"text": "see a.png", "url": "https://a.b/c.png"})") == "see a.png");
  BOOST_TEST(
      show_record(R"({"file_name": "0.png", "conversations": [{"from": "human", "value": "<image>Q"}, )"
                  R"({"from": "gpt", "value": "A"}]})") == "[0.png] (Q) A");
}

BOOST_AUTO_TEST_CASE(a_record_cannot_have_more_bytes_than_a_document) {
  std::string images = R"({"image": "i"})";
  for (int i = 0; i < 16; ++i) images += R"(, {"image": "i"})";
  std::string found;
  try {
    parse_record(parse_json(R"({"segments": [)" + images + "]}"), "",
                 [](const std::string&) { return std::string(16 << 20, 'x'); });
  } catch (const BrokenDocument& broken) {
    found = broken.what();
  }
  BOOST_TEST(found == "text and pictures of more than 268435456 bytes; expected at most that");
}

BOOST_AUTO_TEST_CASE(mistakes_in_json_are_placed) {
  BOOST_TEST(json_mistake("{\"a\": 1}") == "none");
  BOOST_TEST(json_mistake("{\"a\": [NaN, Infinity, -Infinity, -1]}") == "none");
  BOOST_TEST(parse_json("{\"NaN\": [NaN, \"NaN \\\" Infinity\", -Infinity]}").dump() ==
             "{\"NaN\":[null,\"NaN \\\" Infinity\",null]}");
  BOOST_TEST(
      json_mistake("{\"a\":\n 1,}") ==
      "no valid JSON: line 2, column 4: syntax error while parsing object key - unexpected '}'; expected "
      "string literal");
  BOOST_TEST(json_mistake("").starts_with("no valid JSON: line 1, column 1: "));
  BOOST_TEST(json_mistake("{} {}").starts_with("no valid JSON: line 1, column 4: "));
  BOOST_TEST(json_mistake("{\"a\": \"" + std::string(100'000, 'x')).size() < 200);
  BOOST_TEST(json_mistake("{\"a\": \"\xff\"}").starts_with("no valid JSON: line 1, column 8: "));
  BOOST_TEST(json_mistake(std::string("{}\0{}", 5)) == "no valid JSON: a zero byte in it");
  BOOST_TEST(json_mistake(std::string(1'000'000, '[')) ==
             "JSON with 1000000 brackets within one another; expected at most 64");
  BOOST_TEST(json_mistake(std::string(1'000'000, '[') + std::string(1'000'000, ']')) ==
             "JSON with 1000000 brackets within one another; expected at most 64");
  BOOST_TEST(json_mistake(std::string(64, '[') + std::string(64, ']')) == "none");
  BOOST_TEST(json_mistake("\"" + std::string(1'000'000, '[') + "\"") == "none");
  std::string many = "[0";
  for (int i = 0; i < 4'000'000; ++i) many += ",0";
  BOOST_TEST(json_mistake(many + "]") == "JSON with about 4000002 values; expected at most 4000000");
}

BOOST_AUTO_TEST_CASE(base64_is_read_strictly) {
  BOOST_TEST(decode_base64("").value() == "");
  BOOST_TEST(decode_base64("QQ==").value() == "A");
  BOOST_TEST(decode_base64("QUI=").value() == "AB");
  BOOST_TEST(decode_base64("QUJD").value() == "ABC");
  BOOST_TEST(decode_base64("+/+/").value() == "\xfb\xff\xbf");
  for (const char* wrong :
       {"Q", "QQ", "QQ=", "QR==", "QUJ=", "QU\nJ", "QQ==QQ==", "====", "=QQQ", "Q===", "QU-_", "QUI \x80"})
    BOOST_TEST(!decode_base64(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_CASE(a_role_says_what_is_missing) {
  const std::string caption = R"({"image": "i", "caption": "A"})", text = R"({"text": "A"})",
                    page = R"({"segments": [{"text": "A"}, {"image": "i"}, {"image": "j"}]})",
                    answer = R"({"image": "i", "question": "Q", "answer": "A"})";
  BOOST_TEST(role_mistake(caption, DataRole::captions) == "none");
  BOOST_TEST(role_mistake(text, DataRole::captions) ==
             "no picture; expected one picture and its caption, as it is data for captions");
  BOOST_TEST(role_mistake(page, DataRole::captions) ==
             "2 pictures; expected one picture and its caption, as it is data for captions");
  BOOST_TEST(
      role_mistake(answer, DataRole::captions) ==
      "3 segments around a picture; expected the picture, then its caption, as it is data for captions");
  BOOST_TEST(role_mistake(R"({"image": "i", "caption": ""})", DataRole::captions) ==
             "a picture without a caption; expected a caption, as it is data for captions");
  for (const std::string& any : {caption, text, page, answer})
    BOOST_TEST(role_mistake(any, DataRole::interleaved) == "none");
  BOOST_TEST(role_mistake(R"({"segments": [{"image": "i"}]})", DataRole::interleaved) ==
             "no text to predict; expected text and pictures, as it is interleaved data");
  BOOST_TEST(role_mistake(text, DataRole::text) == "none");
  BOOST_TEST(role_mistake(caption, DataRole::text) ==
             "a picture; expected text alone, as it is data for text");
  BOOST_TEST(role_mistake(answer, DataRole::sft) == "none");
  BOOST_TEST(role_mistake(R"({"conversations": [{"from": "human", "value": "Q"}]})", DataRole::sft) ==
             "no answer; expected a question and its answer, as it is data for sft");
  const std::string talk =
      R"({"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"},)"
      R"( {"from": "human", "value": "R"}, {"from": "gpt", "value": "B"}]})";
  BOOST_TEST(role_mistake(talk, DataRole::sft) == "none");
  BOOST_TEST(role_mistake(talk, DataRole::sft_text) == "none");
  BOOST_TEST(role_mistake(talk, DataRole::sft_questions) ==
             "2 answers; expected a question and one answer, as it is data for sft_questions");
  BOOST_TEST(role_mistake(R"({"question": "Q", "answer": "A"})", DataRole::sft_questions) == "none");
  BOOST_TEST(role_mistake(R"({"text": "A"})", DataRole::sft_questions) ==
             "an answer without a question before it; expected a question and one answer, as it is data for "
             "sft_questions");
  BOOST_TEST(role_mistake(R"({"image": "i.jpg", "question": "Q", "answer": "A"})", DataRole::sft_text) ==
             "a picture; expected text alone, as it is data for sft_text");
}

BOOST_AUTO_TEST_CASE(text_loses_white_space_at_its_ends_only) {
  BOOST_TEST(clean_text(" \t\r\n A  b \n\n c\v\f ") == "A  b \n\n c");
  BOOST_TEST(clean_text("\xEF\xBB\xBF\nA") == "A");
  BOOST_TEST(clean_text("\u00a0A\u3000") == "\u00a0A\u3000");  // wide spaces may mean something
  BOOST_TEST(clean_text(" \n") == "");
  BOOST_CHECK_THROW(clean_text("\xC3("), BrokenDocument);
}
