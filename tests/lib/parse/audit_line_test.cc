#include "parse/audit_line.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace vakt::parse {
namespace {

// "type stamp node: name=value;..." with decoded values in braces, or "" for no audit line. Read
// from a heap block of exactly its size.
std::string read(const std::string& text) {
  const auto block = std::make_unique<char[]>(text.size());
  std::memcpy(block.get(), text.data(), text.size());
  const auto line = parse_audit_line({block.get(), text.size()});
  if (!line) return "";
  std::string out = std::string(line->type) + " " + std::string(line->stamp) + " ";
  out += std::string(line->node) + ":";
  std::string_view pairs = line->pairs;
  for (AuditPair pair; next_audit_pair(pairs, pair);) {
    const auto decoded = decode_audit_value(line->type, pair);
    out += " " + std::string(pair.name) + "=";
    out += decoded ? "{" + *decoded + "}" : std::string(pair.value);
  }
  return out;
}

TEST(AuditLine, Records) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {R"(type=EXECVE msg=audit(1364481363.243:1): argc=3 a0="ls" a1="-l x" a2=2F6120)",
       "EXECVE audit(1364481363.243:1) : argc=3 a0=ls a1=-l x a2={/a }"},
      {R"(node=h type=SYSCALL msg=audit(1364481363.243:1): a0=7F items=1 comm="x" key=(null))",
       "SYSCALL audit(1364481363.243:1) h: a0=7F items=1 comm=x key=(null)"},
      {R"(type=USER_AUTH msg=audit(1364481363.243:1): pid=1 msg='op=PAM:x acct="root" res=failed')",
       "USER_AUTH audit(1364481363.243:1) : pid=1 op=PAM:x acct=root res=failed"},
      {"type=CWD msg=audit(1364481363.243:1): cwd=\"/\"\x1DUID=\"root\"",
       "CWD audit(1364481363.243:1) : cwd=/ UID=root"},
      {"type=PROCTITLE msg=audit(1364481363.243:1): proctitle=6C73002D6C",
       "PROCTITLE audit(1364481363.243:1) : proctitle={ls -l}"},
      {"type=PATH msg=audit(1364481363.243:1): name=FF",
       "PATH audit(1364481363.243:1) : "
       "name={\xEF\xBF\xBD}"},
      {"type=EOE msg=audit(1364481363.243:1): ", "EOE audit(1364481363.243:1) :"},
      {"type=EOE msg=audit(1364481363.243:1): a b=\"c", "EOE audit(1364481363.243:1) : b=c"},
      {"type=EOE msg=audit(1364481363.243:1):=", "EOE audit(1364481363.243:1) : ="},
      {"", ""},
      {"type=", ""},
      {"type=X", ""},
      {"type=X msg=audit(", ""},
      {"type=X msg=audit(x:1): a=b", ""},
      {"type=X msg=audit(1364481363.243:1) a=b", ""},
      {"xtype=X msg=audit(1364481363.243:1): a=b", ""}};
  for (const auto& [text, expected] : rows) EXPECT_EQ(read(text), expected) << text;
}

}  // namespace
}  // namespace vakt::parse
