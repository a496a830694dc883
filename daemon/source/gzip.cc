#include "source/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace vakt::source {

namespace {

constexpr std::size_t kFirstBytes = 64 * 1024;

struct Stream {
  z_stream z{};
  bool ok = inflateInit2(&z, 16 + MAX_WBITS) == Z_OK;  // 16: gzip, and nothing else
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    if (ok) inflateEnd(&z);
  }
};

bool over(const GzipLimits& limits, std::size_t in, std::size_t out) {
  return out > limits.bytes_max || (out > limits.ratio_from_bytes && out / limits.ratio_max > in);
}

}  // namespace

GzipError inflate_gzip(std::string_view in, const GzipLimits& limits,
                       const std::function<bool(std::size_t)>& grow, std::string& out) {
  Stream stream;
  if (!stream.ok) return GzipError::no_memory;
  // zlib reads from `next_in` only, though its type does not say so.
  stream.z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.z.avail_in = static_cast<uInt>(in.size());
  std::size_t used = 0;
  out.clear();
  while (true) {
    if (used == out.size()) {
      const std::size_t more = std::max(kFirstBytes, out.size());
      const std::size_t size = std::min(out.size() + more, limits.bytes_max + 1);
      if (size == out.size()) return GzipError::too_large;
      if (!grow(size)) return GzipError::no_memory;
      out.resize(size);
    }
    stream.z.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.z.avail_out = static_cast<uInt>(out.size() - used);
    const int status = ::inflate(&stream.z, Z_NO_FLUSH);
    used = out.size() - stream.z.avail_out;
    if (over(limits, in.size(), used)) return GzipError::too_large;
    if (status == Z_STREAM_END) {
      if (stream.z.avail_in == 0) break;
      if (inflateReset(&stream.z) != Z_OK) return GzipError::broken;
      continue;
    }
    // Input used up before the end: the body was cut short.
    if (status != Z_OK || (stream.z.avail_in == 0 && stream.z.avail_out != 0))
      return GzipError::broken;
  }
  out.resize(used);
  return GzipError::none;
}

}  // namespace vakt::source
