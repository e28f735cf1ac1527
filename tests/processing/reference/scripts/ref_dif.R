# DIF by ordinal logistic regression: MASS::polr, with the loop of purification written out.
# Run in scripts/; writes ../numbers/dif_bfi.json and dif_other.json.
suppressPackageStartupMessages({library(MASS); library(jsonlite)})
d <- read.csv("../data/bfi.csv", na.strings = c("", "NA"))
for (v in c("A1", "C4", "C5", "E1", "E2", "O2", "O5")) d[[v]] <- 7 - d[[v]]
d$ageband <- cut(d$age, c(0, 20, 30, 200), labels = c("1", "2", "3"))
scales <- list(agree = paste0("A", 1:5), conscientious = paste0("C", 1:5), extraversion = paste0("E", 1:5),
               neuroticism = paste0("N", 1:5), openness = paste0("O", 1:5))
study <- function(y, s, g) {
  y <- factor(y); s <- (s - mean(s)) / sqrt(mean((s - mean(s))^2)); n <- length(y); G <- nlevels(g)
  fit <- function(f) polr(f, control = list(reltol = 1e-14, maxit = 500))
  m <- list(fit(y ~ 1), fit(y ~ s), fit(y ~ s + g), fit(y ~ s * g)); L <- sapply(m, function(v) as.numeric(logLik(v)))
  mc <- 1 - L / L[1]; nk <- (1 - exp(2 * (L[1] - L) / n)) / (1 - exp(2 * L[1] / n))
  p <- pchisq(2 * (L[4] - L[2]), 2 * (G - 1), lower.tail = FALSE)
  list(loglik = L, chi_uniform = 2 * (L[3] - L[2]), p_uniform = pchisq(2 * (L[3] - L[2]), G - 1, lower.tail = FALSE),
       chi_nonuniform = 2 * (L[4] - L[3]), p_nonuniform = pchisq(2 * (L[4] - L[3]), G - 1, lower.tail = FALSE),
       chi = 2 * (L[4] - L[2]), p = p, mcfadden = mc[4] - mc[2], mcfadden_uniform = mc[3] - mc[2],
       nagelkerke = nk[4] - nk[2], nagelkerke_uniform = nk[3] - nk[2],
       slope_change = abs(as.numeric((coef(m[[2]])["s"] - coef(m[[3]])["s"]) / coef(m[[2]])["s"])),
       effects = as.list(coef(m[[3]])[-1]),
       flagged = p < .01 && (mc[4] - mc[2] >= .004 || nk[4] - nk[2] >= .006)) # far below the usual limits, so that purification has work to do
}
run <- function(items, group, purify) {
  x <- d[complete.cases(d[, c(items, group)]), ]; g <- factor(x[[group]]); flagged <- character(0)
  for (round in 1:10) {
    out <- lapply(setNames(items, items), function(i) study(x[[i]], rowSums(x[, union(setdiff(items, flagged), i)]), g))
    again <- items[sapply(out, `[[`, "flagged")]
    if (!purify || setequal(again, flagged)) break
    flagged <- again
  }
  list(n = as.list(table(g)), rounds = round, flagged = I(again), items = out)
}
S <- function(o) if (inherits(o, "AsIs")) o else if (is.list(o)) lapply(o, S) else if (is.numeric(o)) signif(o, 10) else o
o <- list(meta = list(R = R.version.string, MASS = as.character(packageVersion("MASS"))))
for (s in names(scales)) for (g in c("gender", "ageband")) {
  o[[s]][[g]] <- list(plain = run(scales[[s]], g, FALSE), purified = run(scales[[s]], g, TRUE))
}
writeLines(toJSON(S(o), auto_unbox = TRUE, digits = NA, pretty = TRUE), "../numbers/dif_bfi.json")

# The same of soldiers' views of their leaders, by half, and of low mood, first against second asking.
others <- list()
d <- read.csv("../data/leadership.csv", na.strings = c("", "NA"))
others$leaders <- list(plain = run(sprintf("LEAD%02d", 1:11), "half", FALSE))
others$hostility <- list(plain = run(sprintf("HOSTIL%02d", 1:5), "half", FALSE), purified = run(sprintf("HOSTIL%02d", 1:5), "half", TRUE))
d <- do.call(rbind, lapply(1:2, function(t) cbind(read.csv(sprintf("../data/phq9_gad7_t%d.csv", t), na.strings = c("", "NA")), time = t)))
others$mood <- list(plain = run(names(d)[1:9], "time", FALSE), purified = run(names(d)[1:9], "time", TRUE))
writeLines(toJSON(S(c(o["meta"], others)), auto_unbox = TRUE, digits = NA, pretty = TRUE), "../numbers/dif_other.json")
