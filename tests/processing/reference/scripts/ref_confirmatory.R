# Numbers for the confirmatory models that bfi.json and the others leave open.
# Run in tests/processing/reference/scripts: Rscript confirmatory.R
suppressPackageStartupMessages({library(lavaan); library(semTools); library(jsonlite)})
data_dir <- "../data"; out <- "../numbers/confirmatory.json"
d <- read.csv(file.path(data_dir, "bfi.csv")); it <- names(d)[1:25]; dc <- d[complete.cases(d[, it]), ]
round8 <- function(o) if (is.list(o)) lapply(o, round8) else if (is.numeric(o)) signif(o, 10) else o
keep <- c("npar","chisq","df","pvalue","chisq.scaled","pvalue.scaled","chisq.scaling.factor","baseline.chisq","baseline.df","baseline.chisq.scaled","cfi","tli","cfi.scaled","tli.scaled","cfi.robust","tli.robust","rmsea","rmsea.ci.lower","rmsea.ci.upper","rmsea.pvalue","rmsea.scaled","rmsea.ci.lower.scaled","rmsea.ci.upper.scaled","rmsea.pvalue.scaled","rmsea.robust","rmsea.ci.lower.robust","rmsea.ci.upper.robust","srmr","logl","aic","bic","bic2")
fit <- function(f) { m <- fitMeasures(f); as.list(m[intersect(keep, names(m))]) }
rows <- function(s, cols) lapply(seq_len(nrow(s)), function(i) as.list(s[i, intersect(cols, names(s))]))
par <- function(f) rows(as.data.frame(parameterEstimates(f)), c("lhs","op","rhs","group","est","se"))
std <- function(f) { s <- as.data.frame(standardizedSolution(f)); names(s)[names(s) == "est.std"] <- "est"; rows(s, c("lhs","op","rhs","group","est","se")) }
mi <- function(f, n = 12) { m <- modindices(f, sort. = TRUE); m <- m[m$op %in% c("=~","~~"), ]; rows(head(as.data.frame(m), n), c("lhs","op","rhs","group","mi","epc","sepc.all")) }
all3 <- function(f) list(fit = fit(f), par = par(f), std = std(f))
lrt <- function(...) { t <- suppressWarnings(lavTestLRT(...)); list(chisq = t[2, "Chisq diff"], df = t[2, "Df diff"], p = t[2, "Pr(>Chisq)"]) }
ENA <- "N =~ N1 + N2 + N3 + N4 + N5\nE =~ E1 + E2 + E3 + E4 + E5\nA =~ A1 + A2 + A3 + A4 + A5"
NE <- "N =~ N1 + N2 + N3 + N4 + N5\nE =~ E1 + E2 + E3 + E4 + E5"
o <- list(meta = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan")), semTools = as.character(packageVersion("semTools"))))

second <- paste0(ENA, "\ng =~ N + E + A"); o$second_order <- list(model = second, ml = all3(cfa(second, dc)), std_lv = all3(cfa(second, dc, std.lv = TRUE)))
bound <- paste0(NE, "\nN1 ~~ N2\nE1 ~~ k*E1\nE2 ~~ k*E2\nN ~~ 0*E"); bound <- sub("N3 \\+ N4", "a*N3 + a*N4", bound); bound <- sub("\\+ E5", "+ 0.8*E5", bound)
o$bound <- list(model = bound, ml = all3(cfa(bound, dc)))
o$mlr <- all3(cfa(NE, dc, estimator = "MLR")); o$mlr$model <- NE; o$mlr$mi <- mi(cfa(NE, dc, estimator = "MLR"))
o$ml_mi <- mi(cfa(NE, dc)); fw <- cfa(NE, dc, ordered = it, estimator = "WLSMV"); o$wlsmv <- all3(fw); o$wlsmv$mi <- mi(fw)
o$wlsmv_bound <- list(model = sub("N ~~ 0\\*E", "", sub("E1 ~~ k\\*E1\nE2 ~~ k\\*E2", "", bound)))
o$wlsmv_bound <- c(o$wlsmv_bound, all3(cfa(o$wlsmv_bound$model, dc, ordered = it, estimator = "WLSMV")))
o$wlsmv_second_order <- all3(cfa(second, dc, ordered = it, estimator = "WLSMV"))
r <- function(f) { m <- suppressWarnings(reliability(f)); list(rows = rownames(m), cols = colnames(m), values = lapply(seq_len(nrow(m)), function(i) as.numeric(m[i, ]))) }
dk <- dc; for (v in c("E1","E2")) dk[[v]] <- 7 - dk[[v]]; o$reliability <- list(ml = r(cfa(NE, dk)), wlsmv = r(cfa(NE, dk, ordered = it, estimator = "WLSMV")))

steps <- list(configural = "", metric = "loadings", scalar = c("loadings","intercepts"), strict = c("loadings","intercepts","residuals"))
series <- function(data, ...) { f <- lapply(steps, function(s) suppressWarnings(cfa(NE, data, group = "gender", group.equal = s, ...))); r <- lapply(f, fit)
  list(steps = r, tests = list(metric = lrt(f$configural, f$metric), scalar = lrt(f$metric, f$scalar), strict = lrt(f$scalar, f$strict)), par = par(f$scalar), std = std(f$scalar)) }
o$groups_ml <- series(dc); o$groups_mlr <- series(dc, estimator = "MLR"); o$groups_fiml <- series(d, missing = "fiml")
fs <- cfa(NE, dc, group = "gender", group.equal = c("loadings","intercepts")); s <- lavTestScore(fs)$uni; pt <- parTable(fs)
o$release <- lapply(seq_len(nrow(s)), function(i) { q <- pt[match(s$rhs[i], pt$plabel), ]; list(lhs = q$lhs, op = q$op, rhs = q$rhs, chisq = s$X2[i]) })
o$groups_ml_mi <- mi(cfa(NE, dc, group = "gender"))

wu <- list(configural = "", thresholds = "thresholds", metric = c("thresholds","loadings"), scalar = c("thresholds","loadings","intercepts"), strict = c("thresholds","loadings","intercepts","residuals"))
# Delta parameterisation (that of semTools' default) up to scalar; strict can only be said in theta, where scalar is
# the same model. With two answers an item, metric is another model in theta than in delta.
wu_fit <- function(s, scale, data, group, ordered, model) { sx <- suppressMessages(suppressWarnings(do.call(measEq.syntax, list(configural.model = model, data = data, group = group, ordered = ordered, parameterization = scale, ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group.equal = if (s[1] == "") character(0) else s)))); suppressWarnings(cfa(as.character(sx), data, group = group, ordered = ordered, estimator = "WLSMV", parameterization = scale)) }
wu_series <- function(data, group, ordered, model) { f <- lapply(wu[1:4], wu_fit, "delta", data, group, ordered, model); g <- lapply(wu[4:5], wu_fit, "theta", data, group, ordered, model); n <- names(f)
  list(steps = c(lapply(f, fit), list(strict = fit(g$strict))), tests = c(setNames(lapply(2:4, function(i) lrt(f[[i - 1]], f[[i]])), n[-1]), list(strict = lrt(g$scalar, g$strict))), par = par(f$scalar)) }
o$groups_wlsmv <- wu_series(dc, "gender", it[c(11:15, 16:20)], NE)
db <- dc; for (v in c("N1","N2","N3")) db[[v]] <- as.integer(dc[[v]] > 3) + 1; for (v in c("N4","E1")) db[[v]] <- as.integer(cut(dc[[v]], c(0, 2, 4, 6)))
o$groups_wlsmv_few <- wu_series(db, "gender", it[c(11:15, 16:20)], NE)
dc$school <- ifelse(is.na(dc$education), NA, dc$education); de <- dc[!is.na(dc$school), ]
o$groups_wlsmv_five <- wu_series(de, "school", it[c(11:15, 16:20)], NE)
writeLines(toJSON(round8(o), auto_unbox = TRUE, digits = NA, na = "null", null = "null", pretty = TRUE), out); cat("saved\n")
