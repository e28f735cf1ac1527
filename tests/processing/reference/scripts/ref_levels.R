# ICC(1), ICC(2) and area means: multilevel's mean squares, lme4's restricted maximum likelihood.
# Neighbourhoods of unlike size are made of bfi's ages, for bfi has no areas. Writes ../numbers/levels_bfi.json.
suppressPackageStartupMessages({library(multilevel); library(lme4); library(jsonlite)})
d <- read.csv("../data/bfi.csv", na.strings = c("", "NA"))
for (v in c("E1", "E2")) d[[v]] <- 7 - d[[v]]
items <- paste0("E", 1:5); x <- d[complete.cases(d[, c(items, "age")]), ]
x$score <- rowMeans(x[, items]); x$area <- x$age
a <- aov(score ~ as.factor(area), x); m <- lmer(score ~ 1 + (1 | area), x); v <- as.data.frame(VarCorr(m))$vcov
icc <- v[1] / sum(v); n <- table(x$area)
# lme4's profile of the two SDs gives no interval of their ratio, so the profile of the ICC is traced here.
dev <- function(rho) { r <- rho / (1 - rho); mu <- tapply(x$score, x$area, mean); w <- as.numeric(n / (1 + n * r))
  ss <- sum((x$score - ave(x$score, x$area))^2) + sum(w * (mu - sum(w * mu) / sum(w))^2)
  (nrow(x) - 1) * log(ss) + sum(log(1 + n * r)) + log(sum(w)) }
o <- list(meta = list(R = R.version.string, multilevel = as.character(packageVersion("multilevel")), lme4 = as.character(packageVersion("lme4"))),
  n = nrow(x), areas = length(n), F = summary(a)[[1]][1, 4], p = summary(a)[[1]][1, 5], icc2_anova = ICC2(a),
  msb = summary(a)[[1]][1, 3], msw = summary(a)[[1]][2, 3],
  reml = list(between = v[1], within = v[2], icc = icc, mean = as.numeric(fixef(m)), loglik = as.numeric(logLik(m)),
              shrunk = as.list(setNames(fixef(m) + ranef(m)$area[, 1], rownames(ranef(m)$area))),
              lambda = as.list(setNames(as.numeric(v[1] / (v[1] + v[2] / n)), names(n)))),
  null_deviance_gain = dev(0) - dev(icc))
S <- function(o) if (is.list(o)) lapply(o, S) else if (is.numeric(o)) signif(o, 9) else o
writeLines(toJSON(S(o), auto_unbox = TRUE, digits = NA, pretty = TRUE), "../numbers/levels_bfi.json")
