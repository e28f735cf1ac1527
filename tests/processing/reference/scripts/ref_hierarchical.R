# A Schmid-Leiman solution whose general factor explains a group factor whole: R's own attitude data.
# Run in tests/processing/reference/scripts: Rscript ref_hierarchical.R
suppressPackageStartupMessages({library(psych); library(jsonlite)})
d <- read.csv("../data/attitude.csv")
x <- suppressWarnings(omega(cor(d), 3, n.obs = nrow(d), plot = FALSE)); s <- unclass(x$schmid$sl)
o <- list(meta = list(R = R.version.string, psych = as.character(packageVersion("psych"))),
  hierarchical = x$omega_h, total = x$omega.tot, ecv = x$ECV, items = rownames(s), general = s[, 1], groups = s[, 2:4])
writeLines(toJSON(o, auto_unbox = TRUE, digits = 9, pretty = TRUE), "../numbers/hierarchical.json"); cat("saved\n")
