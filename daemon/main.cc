#include "cli/cli.h"

int main(int argc, char** argv) { return vakt::cli::run(argc, argv); }
