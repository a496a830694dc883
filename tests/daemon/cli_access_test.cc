// `vakt users`, `vakt tokens` and `vakt whoami` against the API.
#include "base/text.h"
#include "daemon/api_rig.h"
#include "daemon/cli_rig.h"

namespace vakt::cli {
namespace {

struct Desk {
  api::Rig rig;
  Folder folder;
  std::string root = folder.write("root", std::string(api::kToken) + "\n");

  Ran run(std::vector<std::string> words, const std::string& token_file = "") {
    words.insert(words.end(),
                 {"--url", rig.url(), "--token-file", token_file.empty() ? root : token_file});
    return run_line(std::move(words));
  }
};

TEST(CliAccess, UsersFromTheFirstToTheLastStep) {
  Desk desk;
  const std::string password = desk.folder.write("password", "correct horse battery\n");
  struct Row {
    std::vector<std::string> words;
    int status;
    std::string out, err;
  };
  const std::vector<Row> rows{
      {{"users", "list"}, kOk, "", "vakt users add"},
      {{"users", "add", "ada", "--roles", "analyst,reporter", "--display-name", "Ada L."},
       kOk,
       "ada is enabled: analyst, reporter\n",
       "vakt users password ada"},
      {{"users", "add", "ada", "--roles", "viewer"}, kNotFoundOrConflict, "", "already"},
      {{"users", "add", "bo"}, kUsage, "", "--roles"},
      {{"users", "add", "bo", "--roles", "boss"}, kUsage, "", "rule-admin"},
      {{"users", "list"}, kOk, "Ada L.", ""},
      {{"users", "list", "--json"}, kOk, R"("roles":["analyst","reporter"])", ""},
      {{"users", "password", "ada", "--password-file", password}, kOk, "new password", ""},
      {{"users", "password", "ada", "--password-file", "/nowhere"}, kUsage, "", "/nowhere"},
      {{"users", "set-roles", "ada", "admin"}, kOk, "ada is enabled: admin\n", ""},
      {{"users", "disable", "ada"}, kNotFoundOrConflict, "", "last enabled administrator"},
      {{"users", "set-roles", "eve", "admin"}, kNotFoundOrConflict, "", "no such user"},
      {{"users", "add", "bo", "--roles", "admin"}, kOk, "bo is enabled: admin\n", ""},
      {{"users", "disable", "ada"}, kOk, "ada is disabled: admin\n", ""},
      {{"users", "enable", "ada"}, kOk, "ada is enabled: admin\n", ""},
      {{"users", "password", "ada", "correct"}, kUsage, "", "correct"},
  };
  for (const Row& row : rows) {
    const Ran ran = desk.run(row.words);
    SCOPED_TRACE(row.words.at(1));
    EXPECT_EQ(ran.status, row.status) << ran.out << ran.err;
    EXPECT_NE(ran.out.find(row.out), std::string::npos) << ran.out;
    EXPECT_NE(ran.err.find(row.err), std::string::npos) << ran.err;
    EXPECT_EQ((ran.out + ran.err).find("horse"), std::string::npos) << "the password was shown";
  }
  EXPECT_TRUE(*access::matches(desk.rig.book().contents()->user("ada"), "correct horse battery"));
}

TEST(CliAccess, ATokenIsShownOnceAndActsForItsOwner) {
  Desk desk;
  desk.rig.add_user("ada", {access::Role::analyst});
  const Ran issued = desk.run({"tokens", "issue", "--owner", "ada", "--for", "90d", "--scopes",
                               "read-incidents,work-incidents", "laptop"});
  ASSERT_EQ(issued.status, kOk) << issued.err;
  ASSERT_EQ(issued.out.size(), 72u) << "the token and a line end, nothing else";
  const std::string id = issued.out.substr(5, 16);
  EXPECT_NE(issued.err.find("vakt tokens revoke " + id), std::string::npos) << issued.err;
  const std::string own = desk.folder.write("own", issued.out);

  const Ran who = desk.run({"whoami"}, own);
  EXPECT_EQ(who.out, "ada (analyst)\nmay: read-incidents, work-incidents\n") << who.err;
  EXPECT_NE(desk.run({"whoami"}).out.find("api.token"), std::string::npos);
  EXPECT_EQ(desk.run({"incidents", "ack", "1"}, own).status, kOk) << "whatever $USER is";
  EXPECT_EQ(desk.run({"incidents", "note", "1", "x", "--actor", "eve"}, own).status, kAuth);
  EXPECT_EQ(desk.run({"users", "list"}, own).status, kAuth);

  const Ran list = desk.run({"tokens", "list"});
  EXPECT_NE(list.out.find("laptop"), std::string::npos) << list.out;
  EXPECT_EQ(list.out.find(issued.out.substr(22, 43)), std::string::npos);
  EXPECT_EQ(desk.run({"tokens", "revoke", id}).out, id + " is revoked\n");
  EXPECT_EQ(desk.run({"whoami"}, own).status, kAuth);
  EXPECT_EQ(desk.run({"tokens", "revoke", "none"}).status, kNotFoundOrConflict);
  EXPECT_EQ(desk.run({"tokens", "issue", "x", "--scopes", "read-rules", "--for", "x"}).status,
            kUsage);
}

}  // namespace
}  // namespace vakt::cli
