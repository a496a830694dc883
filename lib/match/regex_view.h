// What regexes see of a value: one of two views. Of an ASCII value both are the value itself.
//
// Narrow, for expressions that spell nothing beyond ASCII: each character beyond ASCII is one byte
// 0x80. To `.`, `[^x]`, `\W`, `\b` and counts it is what it should be, one character that is no
// ASCII letter, digit or space; and expressions over bytes compile several times faster than over
// UTF-8.
//
// Wide, for the others: UTF-8. Invalid sequences become U+FFFD (all of base's append_sanitised),
// because a UTF-8 scan needs valid input. Under a caseless flag such scans let K match the Kelvin
// sign U+212A and s the long s U+017F, by which a value could pretend to be another; so these two
// become the noncharacters U+FDD0 and U+FDD1, in values and patterns alike.
#pragma once

#include <string>
#include <string_view>

namespace vakt::match {

enum class View { narrow, wide };

bool is_ascii(std::string_view text);

// `value` itself where nothing needs to change, else a view of `scratch`, which is overwritten.
std::string_view regex_view(View view, std::string_view value, std::string& scratch);

// The view that an expression needs; errs towards wide.
View view_for(std::string_view expression);

// Text or an expression with the stand-ins of the wide view.
std::string with_stand_ins(std::string_view text);

}  // namespace vakt::match
