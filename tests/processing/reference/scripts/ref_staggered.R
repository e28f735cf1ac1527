# Effects of starts in different years, from one regression with a dummy for each group and year but
# that before its start (Sun & Abraham): CR2 and Satterthwaite's degrees of freedom of ATT(g, t), of the
# mean over treated county-years and by exposure, with clubSandwich. Run in scripts/; writes
# ../numbers/staggered.json. Every seventh county of mpdta, so that groups are small; all alike, and
# weighted by their people, of which the largest have a thousand times those of the smallest, and by the root.
suppressPackageStartupMessages({library(clubSandwich); library(jsonlite)})
d <- read.csv("../data/mpdta.csv")
d$g <- d$first.treat
ids <- sort(unique(d$countyreal))
d <- d[d$countyreal %in% ids[seq(1, length(ids), by = 7)], ]
names <- c()
for (g in sort(unique(d$g[d$g > 0]))) for (t in sort(unique(d$year))) if (t != g - 1) {
  n <- paste0("d_", g, "_", t); names <- c(names, n); d[[n]] <- as.numeric(d$g == g & d$year == t)
}
d$people <- exp(d$lpop); d$root <- sqrt(d$people); d$alike <- 1
gt <- do.call(rbind, strsplit(sub("d_", "", names), "_"))
g <- as.numeric(gt[, 1]); e <- as.numeric(gt[, 2]) - g
# 0.5.8 forgets how many contrasts there are where a regression has weights.
contrast <- linear_contrast
environment(contrast) <- list2env(list(q = 1L), parent = environment(linear_contrast))
of <- function(weights) {
  d$w <- d[[weights]]
  m <- lm(as.formula(paste("lemp ~", paste(names, collapse = " + "), "+ factor(countyreal) + factor(year)")), d, weights = w)
  v <- vcovCR(m, d$countyreal, "CR2")
  first <- d[!duplicated(d$countyreal), ]
  size <- tapply(first$w, first$g, sum)
  one <- function(weight) {
    k <- matrix(0, 1, length(coef(m)), dimnames = list("x", names(coef(m))))
    k[1, names(weight)] <- weight / sum(weight)
    t <- as.data.frame(contrast(m, vcov = v, contrasts = k, test = "Satterthwaite"))
    list(est = t$Est, se = t$SE, df = t$df)
  }
  by <- setNames(as.numeric(size[as.character(g)]), names)
  exposures <- sort(unique(e[e >= 0]))
  alike <- unlist(lapply(exposures, function(x) by[e == x] / sum(by[e == x])))
  list(sizes = as.list(size), simple = one(by[e >= 0]), lengths = one(alike),
       exposure = lapply(split(names, e), function(n) one(by[n])),
       group = lapply(setNames(names[e >= 0], sub("d_", "", names[e >= 0])), function(n) one(by[n])))
}
out <- c(list(clubSandwich = as.character(packageVersion("clubSandwich"))), of("alike"), list(root = of("root"), people = of("people")))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), "../numbers/staggered.json")
