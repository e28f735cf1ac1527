# Factor scores and their standard errors by lavaan's lavPredict. Writes ../numbers/factor_scores_bfi.json.
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
d <- read.csv("../data/bfi.csv", na.strings = c("", "NA"))
m <- "agree =~ A1 + A2 + A3 + A4 + A5\nneuro =~ N1 + N2 + N3 + N4 + N5"
items <- c(paste0("A", 1:5), paste0("N", 1:5)); x <- d[complete.cases(d[, items]), ]
S <- function(o) if (is.list(o)) lapply(o, S) else if (is.numeric(o)) signif(o, 9) else o
rows <- function(f, method) { s <- lavPredict(f, method = method, se = "standard"); e <- attr(s, "se")[[1]]
  list(scores = lapply(1:10, function(i) as.numeric(s[i, ])), se = as.numeric(e[1, ])) }
f <- cfa(m, x); o <- list(meta = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan"))), n = nrow(x),
  regression = rows(f, "regression"), bartlett = rows(f, "Bartlett"))
g <- cfa(m, x[!is.na(x$gender), ], group = "gender", group.equal = c("loadings", "intercepts"))
s <- lavPredict(g); o$groups <- lapply(s, function(t) lapply(1:5, function(i) as.numeric(t[i, ])))
h <- cfa(m, d, missing = "fiml"); s <- lavPredict(h); o$fiml_mean <- as.numeric(colMeans(s)); w <- head(which(!complete.cases(d[, items])), 10)
o$fiml <- list(rows = w, scores = lapply(w, function(i) as.numeric(s[i, ])))
writeLines(toJSON(S(o), auto_unbox = TRUE, digits = NA, pretty = TRUE), "../numbers/factor_scores_bfi.json")
