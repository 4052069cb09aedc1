"""Parts that commands share: options, output, completion, and the commands of packages."""
