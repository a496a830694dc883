# The yardstick, the load generators and the stage benchmarks. README.md of this folder says how to
# use them.
find_package(CLI11 REQUIRED)
find_package(benchmark REQUIRED)

function(vakt_bench name source)
  add_executable(bench_${name} ${source})
  target_include_directories(bench_${name} PRIVATE bench)
  target_link_libraries(bench_${name} PRIVATE ${ARGN})
endfunction()

vakt_bench(corpus bench/corpus.cc CLI11::CLI11 fmt::fmt)
vakt_bench(send bench/send.cc CLI11::CLI11 fmt::fmt Threads::Threads)
vakt_bench(straw_man bench/straw_man.cc CLI11::CLI11 fmt::fmt Threads::Threads
           PkgConfig::HYPERSCAN)
target_compile_definitions(bench_straw_man PRIVATE BOOST_ASIO_NO_DEPRECATED)
vakt_bench(windows bench/windows.cc CLI11::CLI11 vakt_engine)
vakt_bench(flood bench/flood.cc CLI11::CLI11 vakt_engine)
target_compile_definitions(bench_flood PRIVATE VAKT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")

# bench/stages/<folder>_bench.cc measures lib/<folder>.
file(GLOB stages CONFIGURE_DEPENDS bench/stages/*_bench.cc)
foreach(source ${stages})
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_bench$" "" folder ${name})
  vakt_bench(${folder} ${source} vakt_${folder} fmt::fmt benchmark::benchmark
             benchmark::benchmark_main)
  target_compile_definitions(bench_${folder} PRIVATE VAKT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endforeach()
