#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "data/problem.hpp"
#include "data/source.hpp"
#include "eval/encoder_model.hpp"
#include "eval/tasks.hpp"
#include "util/hash.hpp"

namespace ablate {

namespace {

/// Different pictures and different captions, and which belong together.
struct Gallery {
  std::vector<std::int64_t> pictures;  ///< Where each stands among the examples.
  std::vector<std::string> captions;
  std::vector<std::set<std::size_t>> captions_of, pictures_of;  ///< Of each picture, of each caption.
};

Gallery collect(const std::vector<Document>& documents, const std::vector<std::size_t>& read) {
  Gallery gallery;
  std::map<std::string, std::size_t> pictures, captions;
  for (std::size_t i = 0; i < read.size(); ++i) {
    const Document& document = documents[read[i]];
    const auto [picture, is_new] =
        pictures.try_emplace(picture_identity(*document.segments.front().picture), pictures.size());
    if (is_new) {
      gallery.pictures.push_back(static_cast<std::int64_t>(i));
      gallery.captions_of.emplace_back();
    }
    std::vector<std::string> texts = document.references;
    texts.push_back(document.segments.back().text);
    for (const std::string& text : texts) {
      const auto [caption, is_new_text] = captions.try_emplace(text, captions.size());
      if (is_new_text) {
        gallery.captions.push_back(text);
        gallery.pictures_of.emplace_back();
      }
      gallery.captions_of[picture->second].insert(caption->second);
      gallery.pictures_of[caption->second].insert(picture->second);
    }
  }
  require_two_of_each(gallery.pictures.size(), gallery.captions.size());
  const auto has_all = [&](const std::set<std::size_t>& own) {
    return own.size() == gallery.captions.size();
  };
  if (std::all_of(gallery.captions_of.begin(), gallery.captions_of.end(), has_all))
    throw DataError(
        fmt::format("eval.captions: each of the {} different captions is right for each of the {} "
                    "different pictures; expected some that are wrong",
                    gallery.captions.size(), gallery.pictures.size()));
  return gallery;
}

/// What each query asks for: its own content is part of the gallery's, which all of them share.
AskedExamples asked_queries(const std::string& way, std::uint64_t gallery,
                            const std::vector<std::string>& names) {
  AskedExamples asked;
  const std::uint64_t of_way = hash128(way).low;
  for (std::size_t query = 0; query < names.size(); ++query)
    asked.add(QuestionIdentities::of({gallery, of_way, query}), names[query]);
  return asked;
}

/// `products`: a row for each query, a column for each candidate; `right_of`: the right candidates of each
/// query.
void add_recalls(const std::string& way, const torch::Tensor& products,
                 const std::vector<std::set<std::size_t>>& right_of, const AskedExamples& asked,
                 EvalFindings& findings) {
  const torch::Tensor table = products.to(torch::kFloat64).contiguous();
  const auto candidates = static_cast<std::size_t>(table.size(1));
  RankingScores first, fifth;
  for (std::size_t query = 0; query < right_of.size(); ++query) {
    std::vector<bool> right(candidates);
    for (const std::size_t candidate : right_of[query]) right[candidate] = true;
    const std::span row(table.data_ptr<double>() + query * candidates, candidates);
    first.add(query, row, right, 1);
    fifth.add(query, row, right, 5);
  }
  for (const auto& [scores, k] : {std::pair{&first, "-r1"}, {&fifth, "-r5"}}) {
    findings.note_left_out("retrieval/" + way + k, right_of.size() - scores->hits.size());
    findings.add_hits("retrieval/" + way + k, scores->hits, asked.at(scores->queries));
    findings.add_chance("retrieval-chance/" + way + k, scores->chances);
  }
}

}  // namespace

void evaluate_retrieval(const EvaluationJob& job, EncoderModel& model,
                        const std::function<bool()>& stop_requested, EvalFindings& findings) {
  const Eval& eval = job.experiment.eval;
  const std::vector<Document> documents =
      read_held_out(eval.captions, "eval.captions", DataRole::captions, job.experiment, findings.report);
  const EncoderExamples examples = model.load(documents, findings.report);
  if (examples.documents.empty()) return;
  const Gallery gallery = collect(documents, examples.documents);
  const torch::Tensor pictures = model.embed_pictures(examples, stop_requested)
                                     .index_select(0, torch::tensor(gallery.pictures, torch::kInt64));
  const torch::Tensor products = torch::mm(pictures, model.embed_texts(gallery.captions, stop_requested).t());
  QuestionIdentities identities;
  std::vector<std::uint64_t> contents;
  for (const std::size_t read : examples.documents) contents.push_back(identities.of(documents[read]));
  const std::uint64_t all = QuestionIdentities::of(contents);
  std::vector<std::string> names;
  for (const std::int64_t picture : gallery.pictures)
    names.push_back(examples.ids[static_cast<std::size_t>(picture)]);
  add_recalls("image-to-text", products, gallery.captions_of, asked_queries("image-to-text", all, names),
              findings);
  add_recalls("text-to-image", products.t(), gallery.pictures_of,
              asked_queries("text-to-image", all, gallery.captions), findings);
}

}  // namespace ablate
