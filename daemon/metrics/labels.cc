#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include "metrics/exposition.h"

namespace vakt::metrics {
namespace {

std::string sha256_of_files(const std::set<std::string>& paths) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) return {};
  std::array<char, 16 * 1024> buffer;
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    while (file) {
      file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(file.gcount()));
    }
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += kDigits[digest[i] >> 4];
    out += kDigits[digest[i] & 15];
  }
  return out;
}

}  // namespace

Labels labels_of(const engine::Pipeline& pipeline, const Diagnostics& diagnostics) {
  Labels labels;
  std::set<std::string> files;
  for (const rule::Rule& rule : pipeline.rules->rules) {
    labels.rules.push_back(rule.meta.id);
    files.insert(rule.meta.file);
  }
  for (const rule::Correlation& correlation : pipeline.rules->correlations)
    files.insert(correlation.meta.file);
  for (const engine::Detector& detector : pipeline.detectors->all())
    labels.detectors.push_back({detector.meta->id, detector.meta->level});
  labels.rules_loaded = pipeline.rules->rules.size() + pipeline.rules->correlations.size();
  labels.rule_load_errors = static_cast<std::uint64_t>(
      std::count_if(diagnostics.begin(), diagnostics.end(),
                    [](const Diagnostic& d) { return d.severity == Severity::error; }));
  labels.ruleset_sha256 = sha256_of_files(files);
  return labels;
}

RuleCounters rule_counters(const Labels& labels, const RuleCounters& before,
                           const Labels& labels_before) {
  std::map<std::string, std::shared_ptr<RuleCounters::OfRule>> rules;
  std::map<std::string, std::shared_ptr<RuleCounters::OfDetector>> detectors;
  for (std::size_t i = 0; i < before.rules.size(); ++i)
    rules.emplace(labels_before.rules[i], before.rules[i]);
  for (std::size_t i = 0; i < before.detectors.size(); ++i)
    detectors.emplace(labels_before.detectors[i].rule, before.detectors[i]);
  RuleCounters out;
  for (const std::string& rule : labels.rules) {
    auto& kept = rules[rule];
    if (!kept) kept = std::make_shared<RuleCounters::OfRule>();
    out.rules.push_back(kept);
  }
  for (const Labels::Detector& detector : labels.detectors) {
    auto& kept = detectors[detector.rule];
    if (!kept) kept = std::make_shared<RuleCounters::OfDetector>();
    out.detectors.push_back(kept);
  }
  return out;
}

}  // namespace vakt::metrics
