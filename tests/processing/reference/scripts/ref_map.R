# Velicer's minimum average partial by psych::vss, of other data. Run in scripts/; writes ../numbers/map.json.
suppressPackageStartupMessages({library(psych); library(jsonlite)})
one <- function(x) {
  x <- x[complete.cases(x), ]
  m <- suppressWarnings(suppressMessages(vss(cor(x), n = min(8, ncol(x) - 2), n.obs = nrow(x), plot = FALSE, fm = "minres")))$map
  list(items = names(x), n = nrow(x), values = m, nfactors = which.min(m))
}
lq <- read.csv("../data/leadership.csv", na.strings = c("", "NA"))
mood <- read.csv("../data/phq9_gad7_t2.csv", na.strings = c("", "NA"))
o <- list(meta = list(R = R.version.string, psych = as.character(packageVersion("psych"))),
          leadership = one(lq[, 1:19]), leaders = one(lq[, 1:11]), mood_later = one(mood[, 1:16]))
writeLines(toJSON(o, auto_unbox = TRUE, digits = 12, pretty = TRUE), "../numbers/map.json")
