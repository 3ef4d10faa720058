// Packing and loading of real documents, one core each:
//   loader_bench TOKENIZER SOURCE... [--seq-len T] [--images K] [--image-tokens k] [--resolution R]
// SOURCE is taken as interleaved documents. Prints the rates of tokenizing, of packing and laying out
// (pictures not decoded), and of the whole loader; the fill ratio; and whether 1, 2 and 8 threads give the
// same bytes.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "data/loader.hpp"
#include "data/packing.hpp"
#include "data/source.hpp"
#include "util/hash.hpp"

namespace {

using namespace ablate;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string bytes_of(const Sequence& sequence) {
  const auto raw = [](const auto& values) {
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  };
  return raw(sequence.tokens) + raw(sequence.labels) + raw(sequence.positions) + raw(sequence.documents) +
         raw(sequence.images) + raw(sequence.pixels);
}

void bench_packing(const std::vector<Document>& documents, const MixtureSettings& settings,
                   const Tokenizer& tokenizer) {
  constexpr int kRounds = 20;
  auto start = Clock::now();
  std::vector<TokenizedDocument> tokenized;
  std::int64_t tokens = 0, text_tokens = 0;
  for (const Document& document : documents) {
    tokenized.push_back(tokenize(document, tokenizer, settings.layout()));
    tokens += static_cast<std::int64_t>(tokenized.back().tokens.size());
    text_tokens += std::count(tokenized.back().targets.begin(), tokenized.back().targets.end(), 1);
  }
  const double tokenizing = seconds_since(start);
  fmt::print("tokenizing            {:8.2f} M text tokens/s ({} documents, {:.2f} M tokens)\n",
             static_cast<double>(text_tokens) / tokenizing / 1e6, documents.size(),
             static_cast<double>(tokens) / 1e6);

  // Pictures away: what is measured is cutting, packing and laying out.
  double packing = 0;
  std::int64_t sequences = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<TokenizedDocument> copies = tokenized;
    start = Clock::now();
    std::vector<TokenizedDocument> pieces;
    std::vector<PackedSize> sizes;
    for (TokenizedDocument& document : copies)
      for (TokenizedDocument& piece :
           cut_document(std::move(document), settings.seq_len, settings.max_images)) {
        sizes.push_back(
            {static_cast<std::int64_t>(piece.tokens.size()), static_cast<std::int64_t>(piece.images.size())});
        pieces.push_back(std::move(piece));
      }
    const auto packed = pack(sizes, {settings.seq_len, settings.max_images});
    for (const std::vector<std::size_t>& indices : packed) {
      SequencePlan plan;
      for (const std::size_t index : indices) {
        pieces[index].images.clear();
        plan.documents.push_back(std::move(pieces[index]));
      }
      load_sequence(std::move(plan), settings, tokenizer.special());
    }
    packing += seconds_since(start);
    sequences += static_cast<std::int64_t>(packed.size());
  }
  fmt::print("packing, laying out   {:8.2f} M tokens/s, fill {:.4f} (the whole set as one group)\n",
             static_cast<double>(tokens * kRounds) / packing / 1e6,
             static_cast<double>(tokens * kRounds) / static_cast<double>(sequences * settings.seq_len));
}

/// One hash for all that the first sequences hold.
std::string hash_sequences(const MixtureSettings& settings, const std::shared_ptr<const Tokenizer>& tokenizer,
                           std::size_t threads) {
  constexpr int kCompared = 60;
  SequenceLoader loader(settings, tokenizer, {.threads = threads});
  std::string hashes;
  for (int i = 0; i < kCompared; ++i) hashes += hash128(bytes_of(loader.next())).hex();
  return hash128(hashes).hex();
}

void bench_loader(const MixtureSettings& settings, const std::shared_ptr<const Tokenizer>& tokenizer) {
  constexpr int kSequences = 300;
  const std::string reference = hash_sequences(settings, tokenizer, 0);
  for (const std::size_t threads : {1, 2, 8}) {
    const auto start = Clock::now();
    SequenceLoader loader(settings, tokenizer, {.threads = threads});
    std::int64_t images = 0;
    double first = 0;
    for (int i = 0; i < kSequences; ++i) {
      images += static_cast<std::int64_t>(loader.next().images.size());
      if (i == 0) first = seconds_since(start);
    }
    const double seconds = seconds_since(start);
    double fill = 0;
    for (const auto& [name, value] : loader.tally().metrics())
      if (name == "fill") fill = value;
    const bool same = hash_sequences(settings, tokenizer, threads) == reference;
    fmt::print(
        "loader, {} thread{}     {:8.2f} M tokens/s, {:.0f} pictures/s, fill {:.4f}, first sequence after "
        "{:.2f} s, {}\n",
        threads, threads == 1 ? " " : "s",
        kSequences * static_cast<double>(settings.seq_len) * fill / seconds / 1e6,
        static_cast<double>(images) / seconds, fill, first, same ? "same bytes" : "OTHER BYTES");
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    MixtureSettings settings;
    settings.sources = {{DataRole::interleaved, {}, 1}};
    settings.seq_len = 4096;
    settings.max_images = 16;
    settings.image_tokens = 64;
    settings.resolution = 224;
    std::vector<std::string> words;
    for (int i = 1; i < argc; ++i) {
      const auto option = [&](const char* name, std::int64_t& value) {
        if (std::strcmp(argv[i], name) != 0 || i + 1 == argc) return false;
        value = std::stoll(argv[++i]);
        return true;
      };
      if (!option("--seq-len", settings.seq_len) && !option("--images", settings.max_images) &&
          !option("--image-tokens", settings.image_tokens) && !option("--resolution", settings.resolution))
        words.push_back(argv[i]);
    }
    if (words.size() < 2)
      throw Error("usage: loader_bench TOKENIZER SOURCE... [--seq-len T] [--images K] [--image-tokens k]");
    const auto tokenizer = std::make_shared<const Tokenizer>(words[0]);
    settings.sources[0].paths.assign(words.begin() + 1, words.end());

    DocumentStream stream(find_all_shards(settings.sources[0].paths, DataRole::interleaved), 0, "bench");
    std::vector<Document> documents;
    ReadReport report;
    const auto start = Clock::now();
    while (true) {
      DrawnDocument drawn = stream.next(report);
      if (stream.position().epoch > 0) break;
      documents.push_back(std::move(drawn.document));
    }
    fmt::print("reading               {:8.0f} documents/s\n",
               static_cast<double>(documents.size()) / seconds_since(start));
    bench_packing(documents, settings, *tokenizer);
    bench_loader(settings, tokenizer);
  } catch (const std::exception& error) {
    fmt::print(stderr, "loader_bench: {}\n", error.what());
    return 2;
  }
}
