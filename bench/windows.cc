// bench_windows: JSON bytes in to hits out, one thread, by stage, beside the least that can do it:
// reading the same members with simdjson and scanning the same columns with the same databases,
// without fields, rules or answers. README.md of this folder says what the figures mean.
#include <fmt/format.h>
#include <simdjson.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/pipeline.h"
#include "engine/worker.h"
#include "match/program.h"

namespace {

using namespace vakt;
namespace fs = std::filesystem;

constexpr std::size_t kBatchEvents = 4096;
constexpr std::size_t kBatchBytes = 1 << 20;
const Time kReceived = from_unix_seconds(1'795'478'400);

double cpu_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}

struct Corpus {
  std::string bytes;                    // padded for simdjson
  std::vector<std::string_view> lines;  // of `bytes`
};

Corpus read_corpus(const std::string& path) {
  Corpus out;
  std::ifstream in(path, std::ios::binary);
  out.bytes.assign(std::istreambuf_iterator<char>(in), {});
  out.bytes.reserve(out.bytes.size() + simdjson::SIMDJSON_PADDING);
  const std::string_view all = out.bytes;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    if (end > at) out.lines.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

// Files of rules in these folders, `count` of them by chance (0: all).
std::vector<std::string> rule_files(const std::vector<std::string>& folders, std::size_t count,
                                    unsigned seed) {
  std::vector<std::string> out;
  for (const std::string& folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".yml") out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  if (count == 0 || count >= out.size()) return out;
  std::shuffle(out.begin(), out.end(), std::mt19937(seed));
  out.resize(count);
  std::sort(out.begin(), out.end());
  return out;
}

// Nanoseconds of CPU for all events.
struct Times {
  double parse = 0;
  double scan = 0;  // Vakt: the whole of matching
  double all() const { return parse + scan; }
};

// Vakt as the daemon's worker does it.
class Vakt {
 public:
  explicit Vakt(std::shared_ptr<const engine::Pipeline> p)
      : worker_(std::move(p)), batch_(kBatchBytes + engine::kFrameBytesMax, kBatchEvents) {}

  Times run(const Corpus& corpus) {
    Times times;
    hits_ = 0;
    routes_.clear();
    const engine::Origin origin{0, "bench", false, kReceived};
    double start = cpu_ns();
    for (const std::string_view line : corpus.lines) {
      if (!batch_.has_room(line.size())) start = flush(start, times);
      worker_.add(batch_, line, false, origin);
    }
    flush(start, times);
    return times;
  }

  std::size_t hits() const { return hits_; }
  // Of the last run, by line; and where batches ended.
  const std::vector<event::RouteId>& routes() const { return routes_; }
  const std::vector<std::size_t>& ends() const { return ends_; }

 private:
  double flush(double start, Times& times) {
    const double parsed = cpu_ns();
    found_.clear();
    worker_.match(batch_, found_);
    const double matched = cpu_ns();
    times.parse += parsed - start;
    times.scan += matched - parsed;
    hits_ += found_.size();
    if (routes_.empty()) ends_.clear();
    for (const event::Event& e : batch_.events()) routes_.push_back(e.route);
    ends_.push_back(routes_.size());
    batch_.clear();
    return cpu_ns();
  }

  engine::Worker worker_;
  event::Batch batch_;
  std::vector<event::Hit> found_;
  std::size_t hits_ = 0;
  std::vector<event::RouteId> routes_;
  std::vector<std::size_t> ends_;
};

// Knows beforehand which class each event is of, and counts reports instead of keeping them.
class Bare {
 public:
  explicit Bare(std::shared_ptr<const engine::Pipeline> p)
      : pipeline_(std::move(p)), code_(match::code_of(*pipeline_->program)) {
    auto scratch = code_.scratch.clone();
    if (!scratch) throw std::bad_alloc();
    scratch_ = std::move(*scratch);
    blocks_.resize(code_.classes.size());
    for (std::size_t i = 0; i < blocks_.size(); ++i)
      blocks_[i].resize(code_.classes[i].columns.size());
  }

  Times run(const Corpus& corpus, const Vakt& vakt) {
    Times times;
    reports_ = values_ = bytes_ = 0;
    std::size_t i = 0;
    for (const std::size_t end : vakt.ends()) {
      const double start = cpu_ns();
      for (; i < end; ++i) read(corpus.lines[i], code_.class_of_route[vakt.routes()[i]]);
      const double parsed = cpu_ns();
      scan();
      times.parse += parsed - start;
      times.scan += cpu_ns() - parsed;
    }
    return times;
  }

  std::size_t reports() const { return reports_; }
  std::size_t values() const { return values_; }
  std::size_t bytes() const { return bytes_; }

 private:
  // The values of a column, '\n' around each.
  struct Block {
    std::string text = "\n";
    std::vector<std::size_t> ends;
  };

  void read(std::string_view line, std::size_t of_class) {
    namespace od = simdjson::ondemand;
    const match::Class& c = code_.classes[of_class];
    auto& columns = blocks_[of_class];
    if (c.keyword_column != match::kNoColumn) put(columns[c.keyword_column], line);
    od::document document;
    od::object object;
    const simdjson::padded_string_view padded(line.data(), line.size(),
                                              line.size() + simdjson::SIMDJSON_PADDING);
    if (parser_.iterate(padded).get(document) || document.get_object().get(object)) return;
    for (auto member : object) {
      const event::FieldId field = pipeline_->names.find(member.unescaped_key().value());
      const std::uint16_t column = field == event::kNoField ? match::kNoColumn : c.column_of(field);
      if (column == match::kNoColumn && c.keyword_column == match::kNoColumn) continue;
      const auto [text, escaped] = text_of(member.value().value());
      if (text.data() == nullptr) continue;
      if (column != match::kNoColumn) put(columns[column], text);
      // What the raw text spells otherwise; see event::Event::keywords.
      if (escaped && c.keyword_column != match::kNoColumn) put(columns[c.keyword_column], text);
    }
  }

  struct Text {
    std::string_view text;  // null: an object, an array or null
    bool escaped = false;
  };

  static Text text_of(simdjson::ondemand::value value) {
    namespace od = simdjson::ondemand;
    std::string_view token = value.raw_json_token();
    switch (value.type().value()) {
      case od::json_type::string:
        return {value.get_string().value(), token.find('\\') != token.npos};
      case od::json_type::number:
      case od::json_type::boolean:
        while (!token.empty() && token.back() <= ' ') token.remove_suffix(1);
        return {token};
      default:
        return {};
    }
  }

  static void put(Block& block, std::string_view value) {
    block.text.append(value).push_back('\n');
    block.ends.push_back(block.text.size() - 1);
  }

  void scan() {
    for (std::size_t i = 0; i < blocks_.size(); ++i)
      for (std::size_t k = 0; k < blocks_[i].size(); ++k)
        if (!blocks_[i][k].ends.empty()) scan(code_.classes[i].columns[k], blocks_[i][k]);
  }

  void scan(const match::Column& column, Block& block) {
    const auto count = [this](std::uint32_t, std::size_t) { ++reports_; };
    if (column.literals) scratch_.scan(*column.literals, block.text, count);
    for (const auto& eager : column.eager) {
      std::size_t begin = 1;
      for (const std::size_t end : block.ends) {
        const auto value = std::string_view(block.text).substr(begin, end - begin);
        scratch_.scan(*eager.set.database, match::regex_view(eager.set.view, value, view_), count);
        begin = end + 1;
      }
    }
    values_ += block.ends.size();
    bytes_ += block.text.size();
    block.text.resize(1);
    block.ends.clear();
  }

  std::shared_ptr<const engine::Pipeline> pipeline_;
  const match::Code& code_;
  scan::Scratch scratch_;
  simdjson::ondemand::parser parser_;
  std::string view_;
  std::vector<std::vector<Block>> blocks_;  // by class, by column
  std::size_t reports_ = 0;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Medians {
  double parse, scan, all;
};

Medians medians(const std::vector<Times>& rounds, std::size_t events) {
  std::vector<double> parse, scan, all;
  for (const Times& t : rounds) {
    parse.push_back(t.parse);
    scan.push_back(t.scan);
    all.push_back(t.all());
  }
  const auto n = static_cast<double>(events);
  return {median(parse) / n, median(scan) / n, median(all) / n};
}

std::size_t memory_mb() {
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;)
    if (word == "VmRSS:" && in >> word) return std::stoul(word) / 1024;
  return 0;
}

struct Options {
  std::string events;
  std::vector<std::string> rules, decoders, field_maps;
  std::vector<std::size_t> samples{0};
  unsigned seed = 1;
  int rounds = 5;
  double share_min = 0;   // of the largest sample
  double growth_max = 0;  // Vakt's growth of `scan` over the bare scan's; 0: not asked for
};

struct Measured {
  Medians bare, vakt;
};

std::optional<Measured> measure(const Options& options, const Corpus& corpus, std::size_t sample) {
  engine::PipelineOptions pipeline_options;
  pipeline_options.rule_paths = rule_files(options.rules, sample, options.seed);
  pipeline_options.decoder_paths = options.decoders;
  pipeline_options.field_map_paths = options.field_maps;
  engine::ListenerSettings& listener = pipeline_options.listeners.emplace_back();
  listener.name = "bench";
  listener.format = engine::Format::json;
  Diagnostics diagnostics;
  const auto pipeline = engine::Pipeline::load(pipeline_options, diagnostics);
  if (!pipeline) return std::nullopt;
  Vakt vakt(pipeline);
  vakt.run(corpus);  // warm-up, and what class each event is of
  Bare bare(pipeline);
  bare.run(corpus, vakt);
  const std::size_t hits = vakt.hits();
  std::vector<Times> of_vakt, of_bare;
  for (int i = 0; i < options.rounds; ++i) {
    of_bare.push_back(bare.run(corpus, vakt));
    of_vakt.push_back(vakt.run(corpus));
    if (vakt.hits() != hits) {
      fmt::print(stderr, "error: {} hits, then {}\n", hits, vakt.hits());
      return std::nullopt;
    }
  }
  const std::size_t n = corpus.lines.size();
  const Medians b = medians(of_bare, n);
  const Medians v = medians(of_vakt, n);
  fmt::print(
      "{} rules, {} events, {} hits, {} reports of {} values, {} MB scanned; medians of {} rounds, "
      "ns "
      "of CPU per event\n"
      "         parse     scan      all\n"
      "bare  {:8.0f} {:8.0f} {:8.0f}\n"
      "vakt  {:8.0f} {:8.0f} {:8.0f}\n"
      "share {:8.2f} {:8.2f} {:8.2f}   {} MB of memory beside the events\n\n",
      pipeline->rules->rules.size(), n, hits, bare.reports(), bare.values(), bare.bytes() >> 20,
      options.rounds, b.parse, b.scan, b.all, v.parse, v.scan, v.all, b.parse / v.parse,
      b.scan / v.scan, b.all / v.all, memory_mb() - (corpus.bytes.size() >> 20));
  return Measured{b, v};
}

// From the first sample to the last. 0: as asked for.
int judge(const Options& options, const Measured& first, const Measured& last) {
  const double growth_bare = last.bare.scan / first.bare.scan;
  const double growth_vakt = last.vakt.scan / first.vakt.scan;
  const double growth = growth_vakt / growth_bare;
  const double share = last.bare.all / last.vakt.all;
  if (options.samples.size() > 1)
    fmt::print("growth of scan: bare {:.2f}, vakt {:.2f}, ratio {:.2f}\n", growth_bare, growth_vakt,
               growth);
  int status = 0;
  const auto want = [&](bool met, const std::string& text) {
    fmt::print("{}: {}\n", met ? "ok" : "FAILED", text);
    if (!met) status = 1;
  };
  if (options.share_min > 0)
    want(share >= options.share_min,
         fmt::format("share {:.2f}, at least {:.2f} wanted", share, options.share_min));
  if (options.growth_max > 0)
    want(growth <= options.growth_max,
         fmt::format("growth ratio {:.2f}, at most {:.2f} wanted", growth, options.growth_max));
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Windows events as JSON lines through parsing and matching, one thread, by stage"};
  Options options;
  app.add_option("events", options.events, "JSON lines")->required()->check(CLI::ExistingFile);
  app.add_option("--rules", options.rules, "folder of rules; may be repeated")->required();
  app.add_option("--decoders", options.decoders, "folder of decoders");
  app.add_option("--field-maps", options.field_maps, "folder of field maps");
  app.add_option("--sample", options.samples, "measure with that many files of rules; 0: all")
      ->delimiter(',');
  app.add_option("--seed", options.seed, "which files a sample takes");
  app.add_option("--rounds", options.rounds)->check(CLI::Range(1, 1000));
  app.add_option("--share-min", options.share_min, "fail below this share, with the last sample");
  app.add_option("--growth-max", options.growth_max,
                 "fail where scan grows more than so many times the bare scan's growth");
  CLI11_PARSE(app, argc, argv);
  const Corpus corpus = read_corpus(options.events);
  std::vector<Measured> all;
  for (const std::size_t sample : options.samples) {
    const auto measured = measure(options, corpus, sample);
    if (!measured) return 1;
    all.push_back(*measured);
  }
  return judge(options, all.front(), all.back());
}
